#!/usr/bin/env python3
"""Writes attributes.txt, what the tests compare the table with, from the export of the schema.

    pip download --no-deps ocsf-json-schema && unzip ocsf_json_schema-*.whl
    ./make.py ocsf_json_schema/ocsf/1.8.0.json > attributes.txt

A line is: class or object, its number or name, attribute, type (that of an object has its
name, that of an array ends with []), requirement, profiles or -, and numbers of an enumeration.
"""
import json
import sys

CLASSES = [0, 3002, 4001, 4002, 4003, 4005, 4006, 4007, 4008, 4009, 4010, 4014]
OBJECTS = ["actor", "dns_answer", "dns_query", "email", "file", "fingerprint", "http_request", "http_response", "ja4_fingerprint", "logger",
           "metadata", "network_connection_info", "network_endpoint", "network_traffic", "product", "service", "tls", "url", "user"]

with open(sys.argv[1], encoding="utf-8") as f:
    schema = json.load(f)
print("version", schema["version"])
classes = {c["uid"]: c for c in schema["classes"].values() if c.get("uid") in CLASSES}
for kind, key, entry in [("class", uid, classes[uid]) for uid in CLASSES] + [("object", n, schema["objects"][n]) for n in OBJECTS]:
    for name, a in sorted(entry["attributes"].items()):
        typ = "object:" + a["object_type"] if a.get("object_type") else a["type"]
        ids = ",".join(sorted(a["enum"], key=lambda k: (len(k), k))) if name.endswith(("_id", "_uid")) and a.get("enum") else ""
        print(kind, key, name, typ + ("[]" if a.get("is_array") else ""), a["requirement"], ",".join(a.get("profiles") or ["-"]), ids)
