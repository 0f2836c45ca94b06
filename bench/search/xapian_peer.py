#!/usr/bin/python3
"""Xapian as it comes, judged like `pioneer eval search` judges: nDCG@10, recall@5, MRR@10.

Needs Debian's python3-xapian. Xapian is GPL: it is run here, never linked to pioneer.

    bench/search/xapian_peer.py FOLDER... [--language english]
"""
import argparse
import json
import math
import os
import tempfile
import time

import xapian


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def make_index(passages, stemmer, folder):
    database = xapian.WritableDatabase(folder, xapian.DB_CREATE_OR_OPEN)
    generator = xapian.TermGenerator()
    generator.set_stemmer(stemmer)
    generator.set_flags(generator.FLAG_CJK_NGRAM)
    for passage in passages:
        document = xapian.Document()
        generator.set_document(document)
        generator.index_text(passage.get("title", ""))
        generator.increase_termpos()
        generator.index_text(passage["text"])
        document.set_data(passage["id"])
        database.add_document(document)
    database.commit()
    return database


def score(found, relevant):
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(len(relevant), 10)))
    hits = [rank for rank, name in enumerate(found[:10]) if name in relevant]
    ndcg = sum(1 / math.log2(rank + 2) for rank in hits) / ideal
    recall = sum(1 for rank in hits if rank < 5) / min(len(relevant), 5)
    return ndcg, recall, 1 / (hits[0] + 1) if hits else 0.0


def judge(folder, stemmer):
    passages = read_lines(os.path.join(folder, "passages.jsonl"))
    questions = [q for q in read_lines(os.path.join(folder, "questions.jsonl")) if q["relevant"]]
    with tempfile.TemporaryDirectory() as scratch:
        database = make_index(passages, stemmer, scratch)
        parser = xapian.QueryParser()
        parser.set_database(database)
        parser.set_stemmer(stemmer)
        parser.set_stemming_strategy(parser.STEM_SOME)
        scores, times = [], []
        for question in questions:
            began = time.perf_counter()
            query = parser.parse_query(question["question"], parser.FLAG_CJK_NGRAM)
            enquire = xapian.Enquire(database)
            enquire.set_query(query)
            found = [match.document.get_data().decode() for match in enquire.get_mset(0, 10)]
            times.append((time.perf_counter() - began) * 1000)
            scores.append(score(found, set(question["relevant"])))
    means = [sum(column) / len(scores) for column in zip(*scores)]
    return {
        "set": os.path.basename(os.path.normpath(folder)),
        "searcher": "xapian",
        "questions": len(scores),
        "ndcg@10": means[0],
        "recall@5": means[1],
        "mrr@10": means[2],
        "query_p50_ms": sorted(times)[len(times) // 2],
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folders", nargs="+", metavar="FOLDER")
    arguments.add_argument("--language", default="english", help="of Xapian's stemmer; none = no stemming")
    options = arguments.parse_args()
    for folder in options.folders:
        print(json.dumps(judge(folder, xapian.Stem(options.language))))


if __name__ == "__main__":
    main()
