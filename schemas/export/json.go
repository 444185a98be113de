package export

import (
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// JSONSchema returns the schemas (JSON Schema 2020-12) of the rows of JSON outputs with
// Zeek's names: one log by itself, or several as members of $defs. They allow any form
// of time.
func JSONSchema(logs []*schemas.Schema) ([]byte, error) {
	const dialect = "https://json-schema.org/draft/2020-12/schema"
	if len(logs) == 1 {
		return indented(append(object{{"$schema", dialect}}, jsonObject(logs[0])...))
	}
	var defs object
	for _, s := range logs {
		defs = append(defs, member{s.Name, jsonObject(s)})
	}
	return indented(object{{"$schema", dialect}, {"$defs", defs}})
}

func jsonObject(s *schemas.Schema) object {
	var properties object
	required := []string{}
	for i := range s.Fields {
		f := &s.Fields[i]
		value := jsonType(f.Kind)
		if f.Container != schemas.Scalar {
			value = object{{"type", "array"}, {"items", object{{"anyOf", []any{value, object{{"type", "null"}}}}}}}
		}
		value = append(value, member{"description", f.Doc}, member{"x-zeek-type", f.ZeekType()})
		properties = append(properties, member{f.Name, value})
		if !f.Unsettable && !f.Optional() {
			required = append(required, f.Name)
		}
	}
	return object{
		{"title", s.Name}, {"description", s.Doc}, {"type", "object"},
		{"properties", properties}, {"required", required}, {"additionalProperties", false},
	}
}

func jsonType(k schemas.Kind) object {
	switch k {
	case schemas.KindBool:
		return object{{"type", "boolean"}}
	case schemas.KindCount:
		return object{{"type", "integer"}, {"minimum", 0}}
	case schemas.KindInt:
		return object{{"type", "integer"}}
	case schemas.KindPort:
		return object{{"type", "integer"}, {"minimum", 0}, {"maximum", 65535}}
	case schemas.KindDouble, schemas.KindInterval:
		// Numbers that are not finite are null.
		return object{{"type", []string{"number", "null"}}}
	case schemas.KindTime:
		return object{{"type", []string{"number", "string"}}}
	case schemas.KindString, schemas.KindEnum, schemas.KindAddr, schemas.KindSubnet:
	}
	return object{{"type", "string"}}
}

// Arrow returns the schemas in the JSON form of Arrow's integration tests
// (format/integration_json in the Arrow documentation): one log by itself, or several as
// members of an object.
func Arrow(logs []*schemas.Schema) ([]byte, error) {
	if len(logs) == 1 {
		return indented(object{{"schema", arrowSchema(logs[0])}})
	}
	var all object
	for _, s := range logs {
		all = append(all, member{s.Name, object{{"schema", arrowSchema(s)}}})
	}
	return indented(all)
}

func arrowSchema(s *schemas.Schema) object {
	return object{
		{"fields", arrowFields(columnar.Tree(s))},
		{"metadata", []object{{{"key", columnar.MetaLog}, {"value", s.Name}}}},
	}
}

func arrowFields(nodes []*columnar.Node) []object {
	list := []object{}
	for _, n := range nodes {
		if n.Field == nil {
			list = append(list, arrowField(n.Name, false, object{{"name", "struct"}}, arrowFields(n.Fields)))
			continue
		}
		typ, children := arrowType(n.Field.Kind), []object{}
		if n.Field.Container != schemas.Scalar {
			children = []object{arrowField("element", true, typ, []object{})}
			typ = object{{"name", "list"}}
		}
		f := arrowField(n.Name, true, typ, children)
		list = append(list, append(f, member{"metadata", []object{
			{{"key", "zeek.type"}, {"value", n.Field.ZeekType()}},
			{{"key", "comment"}, {"value", n.Field.Doc}},
		}}))
	}
	return list
}

func arrowField(name string, nullable bool, typ object, children []object) object {
	return object{{"name", name}, {"nullable", nullable}, {"type", typ}, {"children", children}}
}

func arrowType(k schemas.Kind) object {
	switch columnar.TypeOf(k) {
	case columnar.Bool:
		return object{{"name", "bool"}}
	case columnar.Int32:
		return object{{"name", "int"}, {"isSigned", true}, {"bitWidth", 32}}
	case columnar.Int64:
		return object{{"name", "int"}, {"isSigned", true}, {"bitWidth", 64}}
	case columnar.Double:
		return object{{"name", "floatingpoint"}, {"precision", "DOUBLE"}}
	case columnar.Timestamp:
		return object{{"name", "timestamp"}, {"unit", "MICROSECOND"}, {"timezone", "UTC"}}
	case columnar.String:
	}
	return object{{"name", "utf8"}}
}

// Avro returns the schemas (Apache Avro 1.12): one log by itself, or several as a union.
func Avro(logs []*schemas.Schema) ([]byte, error) {
	var union []object
	for _, s := range logs {
		union = append(union, append(avroRecord(s.Name, columnar.Tree(s)), member{"doc", s.Doc}))
	}
	if len(logs) == 1 {
		return indented(union[0])
	}
	return indented(union)
}

// avroRecord describes nodes as a record. Its name must be unique.
func avroRecord(name string, nodes []*columnar.Node) object {
	fields := []object{}
	for _, n := range nodes {
		if n.Field == nil {
			fields = append(fields, object{{"name", n.Name}, {"type", avroRecord(name+"_"+n.Name, n.Fields)}})
			continue
		}
		typ := avroType(n.Field.Kind)
		if n.Field.Container != schemas.Scalar {
			typ = object{{"type", "array"}, {"items", []any{"null", typ}}}
		}
		f := object{{"name", n.Name}, {"type", typ}, {"doc", n.Field.Doc}}
		if n.Field.Unsettable {
			f[1].value = []any{"null", typ}
			f = append(f, member{"default", nil})
		}
		fields = append(fields, f)
	}
	return object{{"type", "record"}, {"name", name}, {"namespace", "wirelog"}, {"fields", fields}}
}

func avroType(k schemas.Kind) any {
	switch columnar.TypeOf(k) {
	case columnar.Bool:
		return "boolean"
	case columnar.Int32:
		return "int"
	case columnar.Int64:
		return "long"
	case columnar.Double:
		return "double"
	case columnar.Timestamp:
		return object{{"type", "long"}, {"logicalType", "timestamp-micros"}}
	case columnar.String:
	}
	return "string"
}
