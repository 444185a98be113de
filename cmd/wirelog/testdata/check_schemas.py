"""Give what `wirelog schema` prints to those that it is for.

usage: check_schemas.py FOLDER

The folder holds json-schema.json, arrow.json, avro.json, duckdb.sql, clickhouse.sql
and spark.sql for all logs, and logs/NAME.log in JSON with times in ISO 8601. Each check is skipped, with a
word, if its library is missing.
"""
import glob, importlib, json, os, sys

folder = sys.argv[1]


def read(name):
    with open(os.path.join(folder, name)) as f:
        return f.read()


def rows():
    for path in glob.glob(os.path.join(folder, "logs", "*.log")):
        with open(path) as f:
            for line in f:
                yield os.path.basename(path)[:-4], json.loads(line)


def check_jsonschema(jsonschema):
    defs = json.loads(read("json-schema.json"))["$defs"]
    validators = {}
    for log, schema in defs.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        validators[log] = jsonschema.Draft202012Validator(schema)
    n = 0
    for log, row in rows():
        validators[log].validate(row)
        n += 1
    assert n > 100, n
    wrong = {"ts": 1.0, "uid": "C", "name": "x", "notice": False, "nonsense": 1}
    assert not validators["weird"].is_valid(wrong)
    return "%d rows of %d logs" % (n, len(defs))


def check_fastavro(fastavro):
    from fastavro.utils import generate_one
    from fastavro.validation import validate
    n = 0
    for schema in json.loads(read("avro.json")):
        parsed = fastavro.parse_schema(schema)
        validate(generate_one(parsed), parsed)
        n += 1
    fastavro.parse_schema(json.loads(read("avro.json")))
    return "%d schemas" % n


def check_duckdb(duckdb):
    db = duckdb.connect()
    db.execute(read("duckdb.sql"))
    n = 0
    for log, row in rows():
        values = {}
        for name, value in row.items():
            path = name.split(".")
            into = values
            for part in path[:-1]:
                into = into.setdefault(part, {})
            into[path[-1]] = value
        db.execute('INSERT INTO "%s" (%s) VALUES (%s)' % (log, ", ".join('"%s"' % k for k in values), ", ".join("?" * len(values))), list(values.values()))
        n += 1
        if n == 300:
            break
    assert db.execute("SELECT count(*) FROM duckdb_columns() WHERE comment IS NOT NULL").fetchone()[0] > 300
    return "%d rows" % n


def check_sqlglot(sqlglot):
    n = 0
    for dialect in "clickhouse", "spark":
        for tree in sqlglot.parse(read(dialect + ".sql"), dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE):
            if tree is not None:
                assert tree.key == "create", tree.key
                n += 1
    return "%d definitions" % n


def check_pyarrow(pyarrow):
    scalars = {"bool": pyarrow.bool_(), "utf8": pyarrow.string(), "floatingpoint": pyarrow.float64()}

    def typ(field):
        t, children = field["type"], [pyarrow.field(c["name"], typ(c), c["nullable"]) for c in field["children"]]
        if t["name"] == "int":
            return {32: pyarrow.int32(), 64: pyarrow.int64()}[t["bitWidth"]]
        if t["name"] == "timestamp":
            return pyarrow.timestamp({"MICROSECOND": "us"}[t["unit"]], t["timezone"])
        if t["name"] == "struct":
            return pyarrow.struct(children)
        if t["name"] == "list":
            return pyarrow.list_(children[0])
        return scalars[t["name"]]

    n = 0
    for log, schema in json.loads(read("arrow.json")).items():
        fields = schema["schema"]["fields"]
        made = pyarrow.schema([pyarrow.field(f["name"], typ(f), f["nullable"]) for f in fields])
        assert len(made) == len(fields)
        n += 1
    return "%d schemas" % n


for name in "jsonschema", "fastavro", "duckdb", "sqlglot", "pyarrow":
    try:
        library = importlib.import_module(name)
    except ImportError:
        print("skipped: there is no", name)
        continue
    print(name + ":", globals()["check_" + name](library))
