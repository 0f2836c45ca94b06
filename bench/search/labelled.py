#!/usr/bin/python3
"""How well it is told which sentences a passage carries, on real passages.

    bench/search/labelled.py [--test build/search_test] [FILE...]

Each FILE (default: bench/search/labelled/*.txt) has sentences, true ones and inventions, about
passages that it names: `cranfield_en ID`, `jaquad_ja ID` of ../shared/data/search, or `docs_ko LINE
BEGIN END` of ../shared/data/text (characters). The passages are put in, and build/search_test judges.
"""
import argparse
import json
import lzma
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"


class Passages:
    def __init__(self):
        self.read = {}

    def documents(self, name):
        if name not in self.read:
            if name == "docs_ko":
                with lzma.open(DATA / "text" / "docs_ko.jsonl.xz", "rt", encoding="utf-8") as file:
                    self.read[name] = [json.loads(line)["text"] for line in file]
            else:
                with open(DATA / "search" / name / "passages.jsonl", encoding="utf-8") as file:
                    rows = [json.loads(line) for line in file]
                self.read[name] = {row["id"]: row["text"] for row in rows}
        return self.read[name]

    def find(self, reference):
        name, *place = reference.split()
        if name == "docs_ko":
            line, begin, end = map(int, place)
            text = self.documents(name)[line][begin:end]
        else:
            text = self.documents(name)[place[0]]
        return " ".join(text.split())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--test", default=str(ROOT / "build" / "search_test"))
    options = parser.parse_args()
    passages = Passages()
    for path in options.files or sorted((ROOT / "bench/search/labelled").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        with tempfile.TemporaryDirectory() as folder:
            joined = pathlib.Path(folder) / path.name
            joined.write_text("".join(
                f"passage: {passages.find(line[9:])}\n" if line.startswith("passage: ") else line + "\n"
                for line in lines), encoding="utf-8")
            told = subprocess.run([options.test, "--gtest_filter=SearchCases.InTheFileThatIsNamed"],
                                  env=os.environ | {"PIONEER_LABELLED": str(joined)}, check=True,
                                  stdout=subprocess.PIPE, text=True).stdout
        figures = [line for line in told.splitlines() if line.startswith(path.name)]
        if not figures:
            parser.error(f"{options.test} said nothing about {path}")
        print("\n".join(figures))


if __name__ == "__main__":
    main()
