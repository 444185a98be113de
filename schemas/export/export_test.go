package export

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

// sample has a column of every type, and nested structs.
var sample = &schemas.Schema{
	Name: "sample", Doc: `Sample's "odd" \ row.`,
	Fields: []schemas.Field{
		{Name: "ts", Kind: schemas.KindTime, Doc: "When."},
		{Name: "id.orig_h", Kind: schemas.KindAddr, Doc: "Who."},
		{Name: "id.orig_p", Kind: schemas.KindPort, Unsettable: true},
		{Name: "file.times.made", Kind: schemas.KindTime, Unsettable: true, Doc: "It's then."},
		{Name: "file.size", Kind: schemas.KindCount},
		{Name: "b", Kind: schemas.KindBool},
		{Name: "i", Kind: schemas.KindInt, Unsettable: true},
		{Name: "d", Kind: schemas.KindDouble},
		{Name: "dur", Kind: schemas.KindInterval, Unsettable: true},
		{Name: "net", Kind: schemas.KindSubnet},
		{Name: "e", Kind: schemas.KindEnum},
		{Name: "tags", Kind: schemas.KindEnum, Container: schemas.SetOf},
		{Name: "ttls", Kind: schemas.KindInterval, Container: schemas.VectorOf, Unsettable: true},
		{Name: "from", Kind: schemas.KindString, Unsettable: true, Group: 1},
	},
}

func TestGolden(t *testing.T) {
	sql := func(dialect string) func([]*schemas.Schema) ([]byte, error) {
		return func(logs []*schemas.Schema) ([]byte, error) { return SQL(logs, dialect) }
	}
	for name, export := range map[string]func([]*schemas.Schema) ([]byte, error){
		"json-schema.json": JSONSchema, "arrow.json": Arrow, "avro.json": Avro,
		"duckdb.sql": sql("duckdb"), "clickhouse.sql": sql("clickhouse"), "spark.sql": sql("spark"),
	} {
		got, err := export([]*schemas.Schema{sample})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(got) {
			t.Errorf("%s is not JSON", name)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s (go test -update writes it):\n%s\nwant\n%s", name, got, want)
		}
	}
	if _, err := SQL([]*schemas.Schema{sample}, "sql92"); err == nil {
		t.Error("unknown dialect: no error")
	}
}
