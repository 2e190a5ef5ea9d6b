"""Sources: from files of many formats to documents, and back.

`find` names the files behind paths, `shard` cuts them into pieces of work, `read` gives the documents of one
piece with every record that is none beside them, and `write` puts documents into files that this package can
read again. One file per format: `jsonl`, `parquet_rows`, `arrow_rows`, `csv_rows`, `warc` and `texts`. Below
them, `stream` opens and decompresses bytes, `lines` cuts them, and `record` says what makes a document.
"""
