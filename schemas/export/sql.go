package export

import (
	"fmt"
	"strings"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// A dialect is the syntax of a database for defining tables.
type dialect struct {
	name  string
	quote string // around names; column names do not contain it
	types [columnar.String + 1]string
	list  string // format of a list of the given type
	// null and set are the formats of column types that may and may not be null.
	null, set string
	// structure begins a struct, field is the format of each field, and end ends it.
	structure, field, end string
	escape                *strings.Replacer
	// table returns the end of a table's definition.
	table func(s *schemas.Schema) string
}

var dialects = []*dialect{
	{
		name: "duckdb", quote: `"`,
		types: [...]string{
			columnar.Bool: "BOOLEAN", columnar.Int32: "INTEGER", columnar.Int64: "BIGINT",
			columnar.Double: "DOUBLE", columnar.Timestamp: "TIMESTAMPTZ", columnar.String: "VARCHAR",
		},
		list: "%s[]", null: "%s", set: "%s NOT NULL",
		structure: "STRUCT(", field: "%s %s", end: ")",
		escape: strings.NewReplacer("'", "''"),
		table:  func(*schemas.Schema) string { return ")" },
	},
	{
		name: "clickhouse", quote: "`",
		types: [...]string{
			columnar.Bool: "Bool", columnar.Int32: "Int32", columnar.Int64: "Int64",
			columnar.Double: "Float64", columnar.Timestamp: "DateTime64(6, 'UTC')", columnar.String: "String",
		},
		list: "Array(Nullable(%s))", null: "Nullable(%s)", set: "%s",
		structure: "Tuple(", field: "%s %s", end: ")",
		escape: strings.NewReplacer(`\`, `\\`, "'", `\'`),
		table: func(s *schemas.Schema) string {
			order := "tuple()"
			if len(s.Fields) > 0 && s.Fields[0].Kind == schemas.KindTime && !s.Fields[0].Unsettable {
				order = "`" + s.Fields[0].Name + "`"
			}
			return ") ENGINE = MergeTree ORDER BY " + order
		},
	},
	{
		name: "spark", quote: "`",
		types: [...]string{
			columnar.Bool: "BOOLEAN", columnar.Int32: "INT", columnar.Int64: "BIGINT",
			columnar.Double: "DOUBLE", columnar.Timestamp: "TIMESTAMP", columnar.String: "STRING",
		},
		list: "ARRAY<%s>", null: "%s", set: "%s",
		structure: "STRUCT<", field: "%s: %s", end: ">",
		escape: strings.NewReplacer(`\`, `\\`, "'", `\'`),
		table:  func(*schemas.Schema) string { return ") USING PARQUET" },
	},
}

// Dialects returns the names of the SQL dialects.
func Dialects() []string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.name)
	}
	return names
}

// SQL returns the table definitions of the logs in a dialect.
func SQL(logs []*schemas.Schema, name string) ([]byte, error) {
	for _, d := range dialects {
		if d.name != name {
			continue
		}
		var b strings.Builder
		for i, s := range logs {
			if i > 0 {
				b.WriteString("\n")
			}
			d.create(&b, s)
		}
		return []byte(b.String()), nil
	}
	return nil, fmt.Errorf("there is no dialect %q of SQL (known: %s)", name, strings.Join(Dialects(), ", "))
}

func (d *dialect) create(b *strings.Builder, s *schemas.Schema) {
	fmt.Fprintf(b, "CREATE TABLE %s (\n", d.ident(s.Name))
	nodes := columnar.Tree(s)
	for i, n := range nodes {
		fmt.Fprintf(b, "  %s %s", d.ident(n.Name), d.column(n))
		if doc := doc(n); doc != "" && d.name != "duckdb" {
			fmt.Fprintf(b, " COMMENT %s", d.text(doc))
		}
		if i < len(nodes)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(d.table(s))
	if d.name != "duckdb" {
		fmt.Fprintf(b, " COMMENT %s;\n", d.text(s.Doc))
		return
	}
	b.WriteString(";\n")
	fmt.Fprintf(b, "COMMENT ON TABLE %s IS %s;\n", d.ident(s.Name), d.text(s.Doc))
	for _, n := range nodes {
		if doc := doc(n); doc != "" {
			fmt.Fprintf(b, "COMMENT ON COLUMN %s.%s IS %s;\n", d.ident(s.Name), d.ident(n.Name), d.text(doc))
		}
	}
}

// doc returns the documentation of a column, or of a struct's fields.
func doc(n *columnar.Node) string {
	if n.Field != nil {
		return n.Field.Doc
	}
	var parts []string
	for _, f := range n.Fields {
		parts = append(parts, f.Name+": "+doc(f))
	}
	return strings.Join(parts, " ")
}

// column returns the type of a table's column.
func (d *dialect) column(n *columnar.Node) string {
	switch {
	case n.Field == nil:
		return d.typeOf(n)
	case n.Field.Container != schemas.Scalar && d.name == "clickhouse":
		// Arrays in ClickHouse are empty, never NULL.
		return d.typeOf(n)
	case n.Field.Unsettable:
		return fmt.Sprintf(d.null, d.typeOf(n))
	default:
		return fmt.Sprintf(d.set, d.typeOf(n))
	}
}

func (d *dialect) typeOf(n *columnar.Node) string {
	if n.Field == nil {
		var fields []string
		for _, f := range n.Fields {
			typ := d.typeOf(f)
			if f.Field != nil && f.Field.Container == schemas.Scalar && f.Field.Unsettable {
				typ = fmt.Sprintf(d.null, typ)
			}
			fields = append(fields, fmt.Sprintf(d.field, d.ident(f.Name), typ))
		}
		return d.structure + strings.Join(fields, ", ") + d.end
	}
	typ := d.types[columnar.TypeOf(n.Field.Kind)]
	if n.Field.Container != schemas.Scalar {
		typ = fmt.Sprintf(d.list, typ)
	}
	return typ
}

func (d *dialect) ident(name string) string { return d.quote + name + d.quote }

func (d *dialect) text(s string) string { return "'" + d.escape.Replace(s) + "'" }
