package parquet

import (
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
)

// A layout maps a log's fields to Parquet columns.
type layout struct {
	schema *parquet.Schema
	leaves []int      // indexes of the columns, by field
	paths  [][]string // of all columns in the file, including the elements of lists
	blooms []parquet.BloomFilterColumn
	// dicts are the dictionaries that the library has made for the current writer.
	dicts *[]parquet.Dictionary
}

// texts is the type of strings with a dictionary. It notes the dictionaries, because the
// library does not tell their size.
type texts struct {
	parquet.Type
	dicts *[]parquet.Dictionary
}

func (t *texts) NewDictionary(column, n int, values encoding.Values) parquet.Dictionary {
	d := t.Type.NewDictionary(column, n, values)
	*t.dicts = append(*t.dicts, d)
	return d
}

// bloomBits is the number of bits per value in a Bloom filter. About one lookup in a
// hundred reads a row group in vain.
const bloomBits = 10

// newLayout returns the layout of s. Dotted names become structs unless flat is true.
func newLayout(s *schemas.Schema, flat bool) *layout {
	l := &layout{dicts: new([]parquet.Dictionary), leaves: make([]int, len(s.Fields))}
	root := new(group)
	leaf := 0
	l.add(root, columnar.Of(s, flat), nil, &leaf)
	l.schema = parquet.NewSchema(s.Name, root)
	for _, path := range l.schema.Columns() {
		l.paths = append(l.paths, slices.Clone(path))
	}
	return l
}

// add adds nodes to a group at path; leaf is the index of the next column.
func (l *layout) add(to *group, nodes []*columnar.Node, path []string, leaf *int) {
	for _, n := range nodes {
		path := append(path[:len(path):len(path)], n.Name)
		if n.Field == nil {
			sub := new(group)
			l.add(sub, n.Fields, path, leaf)
			to.fields = append(to.fields, &field{sub, n.Name})
			continue
		}
		f := n.Field
		to.fields = append(to.fields, &field{l.nodeOf(f), n.Name})
		l.leaves[n.Index] = *leaf
		*leaf++
		if unique(f) || f.Kind == schemas.KindAddr {
			if f.Container != schemas.Scalar {
				path = append(path, "list", columnar.Element)
			}
			l.blooms = append(l.blooms, parquet.SplitBlockFilter(bloomBits, path...))
		}
	}
}

// unique reports whether a column holds identifiers. A dictionary of them would have an
// entry for every row.
func unique(f *schemas.Field) bool {
	return f.Kind == schemas.KindString && (f.Name == "uid" || f.Name == "fuid")
}

// nodeOf returns the Parquet type of a field.
func (l *layout) nodeOf(f *schemas.Field) parquet.Node {
	var n parquet.Node
	switch columnar.TypeOf(f.Kind) {
	case columnar.Bool:
		n = parquet.Leaf(parquet.BooleanType)
	case columnar.Int32:
		n = parquet.Leaf(parquet.Int32Type)
	case columnar.Int64:
		n = parquet.Leaf(parquet.Int64Type)
	case columnar.Double:
		n = parquet.Leaf(parquet.DoubleType)
	case columnar.Timestamp:
		n = parquet.Timestamp(parquet.Microsecond)
	case columnar.String:
		if unique(f) {
			n = parquet.Encoded(parquet.String(), &parquet.Plain)
		} else {
			n = parquet.Encoded(parquet.Leaf(&texts{parquet.String().Type(), l.dicts}), &parquet.RLEDictionary)
		}
	}
	n = parquet.Optional(n)
	if f.Container != schemas.Scalar {
		n = parquet.Optional(parquet.List(n))
	}
	return n
}

// group is a node with ordered fields; parquet.Group sorts them.
type group struct {
	parquet.Group
	fields []parquet.Field
}

func (g *group) Fields() []parquet.Field { return g.fields }

// GoType satisfies the library; no Go value is ever made.
func (g *group) GoType() reflect.Type { return reflect.TypeFor[map[string]any]() }

func (g *group) String() string { return "group" }

type field struct {
	parquet.Node
	name string
}

func (f *field) Name() string { return f.name }

func (f *field) Value(base reflect.Value) reflect.Value {
	return base.MapIndex(reflect.ValueOf(f.name))
}
