#!/usr/bin/python3
"""Xapian as it comes, asked and judged by `pioneer eval search`:

    pioneer eval search FOLDER --peers --peer 'bench/search/xapian_peer.py --language english'

Needs Debian's python3-xapian. Xapian is GPL: it is run here, never linked to pioneer.
"""
import argparse
import json
import os
import sys
import tempfile

import xapian

RESULTS = 10


def make_index(path, stemmer, folder):
    database = xapian.WritableDatabase(folder, xapian.DB_CREATE_OR_OPEN)
    generator = xapian.TermGenerator()
    generator.set_stemmer(stemmer)
    generator.set_flags(generator.FLAG_CJK_NGRAM)
    with open(path, encoding="utf-8") as file:
        for passage in map(json.loads, filter(str.strip, file)):
            document = xapian.Document()
            generator.set_document(document)
            generator.index_text(passage.get("title", ""))
            generator.increase_termpos()
            generator.index_text(passage["text"])
            document.set_data(passage["id"])
            database.add_document(document)
    database.commit()
    return database


def main():
    arguments = argparse.ArgumentParser(description="Xapian as it comes, for `pioneer eval search --peer`")
    arguments.add_argument("folder", metavar="FOLDER")
    arguments.add_argument("--language", default="english", help="of Xapian's stemmer; none = no stemming")
    options = arguments.parse_args()
    stemmer = xapian.Stem(options.language)
    with tempfile.TemporaryDirectory() as scratch:
        database = make_index(os.path.join(options.folder, "passages.jsonl"), stemmer, scratch)
        parser = xapian.QueryParser()
        parser.set_database(database)
        parser.set_stemmer(stemmer)
        parser.set_stemming_strategy(parser.STEM_SOME)
        print(json.dumps({"name": "xapian"}), flush=True)
        for line in sys.stdin:
            enquire = xapian.Enquire(database)
            enquire.set_query(parser.parse_query(json.loads(line), parser.FLAG_CJK_NGRAM))
            found = [match.document.get_data().decode() for match in enquire.get_mset(0, RESULTS)]
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
