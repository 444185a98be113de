#!/usr/bin/env python3
"""Validates the rows of naming: ocsf by the JSON Schemas of the release.

    integration/ocsf.py [--wirelog PROGRAM] [CAPTURE...]

The schemas are those of the package ocsf-json-schema, which has the export of schema.ocsf.io. They
allow no attribute that a class does not have. Two kinds of rows are known to be invalid; see
docs/outputs.md.
"""
import collections
import glob
import json
import os
import shutil

import common

COLUMNS = ["--columns", "community-id,mac-logging,vlan-logging,hassh,ja3,ja4", "--hash", "md5,sha1,sha256",
           "--optional-logs", "smb_cmd,known_modbus,modbus_register_change"]


def known(row, error):
    """Reports whether an error is one of those that docs/outputs.md names."""
    log, path = row["metadata"]["log_name"], list(error.absolute_path)
    return log in ("weird", "analyzer") and error.validator == "anyOf" and "src_endpoint" not in row or \
        log == "smtp" and (path[:1] == ["email"] or error.validator == "required")


def main():
    args = common.start(common.parser(__doc__))
    # These are in the environment that start prepares.
    import jsonschema  # pylint: disable=import-outside-toplevel
    import ocsf_json_schema  # pylint: disable=import-outside-toplevel
    check = common.Check()
    folder = args.work / "ocsf"
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    settings = folder / "wirelog.yaml"
    settings.write_text("outputs: " + json.dumps([{"type": "json", "dir": str(folder), "naming": "ocsf"}]) + "\n")
    common.run(args.wirelog, args.captures, "--config", str(settings), *COLUMNS)
    schemas, validators, rows, wrong = None, {}, collections.Counter(), collections.defaultdict(collections.Counter)
    for path in sorted(glob.glob(str(folder / "*.log"))):
        for row in common.objects(path):
            log, uid = row["metadata"]["log_name"], row["class_uid"]
            if schemas is None:
                schemas = ocsf_json_schema.OcsfJsonSchemaEmbedded(ocsf_json_schema.get_ocsf_schema(version=row["metadata"]["version"]))
            if uid not in validators:
                validators[uid] = jsonschema.Draft202012Validator(schemas.get_class_schema(schemas.lookup_class_name_from_uid(uid)))
            rows[log] += 1
            for error in validators[uid].iter_errors(row):
                if not known(row, error):
                    wrong[log][f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"] += 1
    for log, n in rows.items():
        check(f"{log}: {n} rows are valid", not wrong[log], wrong[log].most_common(3))
    check("there are rows of many logs", len(rows) >= 15 or len(args.captures) < 10, list(rows))
    check.end()


if __name__ == "__main__":
    main()
