package arrow

import (
	stdjson "encoding/json"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/export"
)

// exported is a field in the JSON form of Arrow's integration tests.
type exported struct {
	Name     string
	Nullable bool
	Type     struct {
		Name, Unit, Timezone, Precision string
		BitWidth                        int
		IsSigned                        bool
	}
	Children []exported
}

// same reports whether a field matches its description.
func same(f arrow.Field, e exported) bool {
	var children []arrow.Field
	ok := false
	switch t := f.Type.(type) {
	case *arrow.StructType:
		ok, children = e.Type.Name == "struct", t.Fields()
	case *arrow.ListType:
		ok, children = e.Type.Name == "list", []arrow.Field{t.ElemField()}
	case *arrow.BooleanType:
		ok = e.Type.Name == "bool"
	case *arrow.Int32Type, *arrow.Int64Type:
		ok = e.Type.Name == "int" && e.Type.IsSigned && e.Type.BitWidth == t.(arrow.FixedWidthDataType).BitWidth()
	case *arrow.Float64Type:
		ok = e.Type.Name == "floatingpoint" && e.Type.Precision == "DOUBLE"
	case *arrow.TimestampType:
		ok = e.Type.Name == "timestamp" && e.Type.Unit == "MICROSECOND" && t.Unit == arrow.Microsecond && e.Type.Timezone == t.TimeZone
	case *arrow.StringType:
		ok = e.Type.Name == "utf8"
	}
	return ok && f.Name == e.Name && f.Nullable == e.Nullable && slices.EqualFunc(children, e.Children, same)
}

// The files have the schema that wirelog schema --format arrow prints.
func TestExportedSchema(t *testing.T) {
	for _, s := range schemas.All() {
		text, err := export.Arrow([]*schemas.Schema{s})
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Schema struct{ Fields []exported } }
		if err := stdjson.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		if fields := newBatch(s, false, nil, newRecycler()).schema.Fields(); !slices.EqualFunc(fields, e.Schema.Fields, same) {
			t.Errorf("%s: %s\nbut %s", s.Name, fields, text)
		}
	}
}
