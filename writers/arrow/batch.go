package arrow

import (
	"math"
	"net/netip"
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/schemas/columnar"
	"github.com/wirelog/wirelog/writers/internal/text"
	"github.com/wirelog/wirelog/writers/row"
)

// batch gathers rows by column. It is a schemas.Sink.
type batch struct {
	schema  *arrow.Schema
	tree    []*columnar.Node
	columns []column // by field
	field   int
	nested  bool
	rows    int64
	// size is about how many bytes the columns take.
	size      int
	scratch   []byte
	saturated uint64
}

// A column has one of the builders of values, and one of lists if it is a list.
type column struct {
	whole  array.Builder
	list   *array.ListBuilder
	values array.Builder
	bools  *array.BooleanBuilder
	int32s *array.Int32Builder
	int64s *array.Int64Builder
	double *array.Float64Builder
	times  *array.TimestampBuilder
	texts  *array.StringBuilder
}

func typeOf(k schemas.Kind) arrow.DataType {
	switch columnar.TypeOf(k) {
	case columnar.Bool:
		return arrow.FixedWidthTypes.Boolean
	case columnar.Int32:
		return arrow.PrimitiveTypes.Int32
	case columnar.Int64:
		return arrow.PrimitiveTypes.Int64
	case columnar.Double:
		return arrow.PrimitiveTypes.Float64
	case columnar.Timestamp:
		return arrow.FixedWidthTypes.Timestamp_us
	default:
		return arrow.BinaryTypes.String
	}
}

// newBatch makes a batch of records of s, with dotted names as structs unless flat is set.
func newBatch(s *schemas.Schema, flat bool, meta []columnar.Pair) *batch {
	b := &batch{}
	if flat {
		for i := range s.Fields {
			f := &s.Fields[i]
			b.tree = append(b.tree, &columnar.Node{Name: f.Name, Path: f.Name, Field: f, Index: i})
		}
	} else {
		b.tree = columnar.Tree(s)
	}
	for i := range s.Fields {
		b.columns = append(b.columns, newColumn(&s.Fields[i]))
	}
	var keys, values []string
	for _, p := range meta {
		keys, values = append(keys, p.Key), append(values, p.Value)
	}
	m := arrow.NewMetadata(keys, values)
	b.schema = arrow.NewSchema(fieldsOf(b.tree), &m)
	return b
}

func fieldsOf(nodes []*columnar.Node) []arrow.Field {
	var list []arrow.Field
	for _, n := range nodes {
		if n.Field == nil {
			list = append(list, arrow.Field{Name: n.Name, Type: arrow.StructOf(fieldsOf(n.Fields)...)})
			continue
		}
		t := typeOf(n.Field.Kind)
		if n.Field.Container != schemas.Scalar {
			t = arrow.ListOfField(arrow.Field{Name: "element", Type: t, Nullable: true})
		}
		list = append(list, arrow.Field{Name: n.Name, Type: t, Nullable: true})
	}
	return list
}

func newColumn(f *schemas.Field) (c column) {
	mem, t := memory.DefaultAllocator, typeOf(f.Kind)
	if f.Container != schemas.Scalar {
		c.list = array.NewListBuilderWithField(mem, arrow.Field{Name: "element", Type: t, Nullable: true})
		c.whole, c.values = c.list, c.list.ValueBuilder()
	} else {
		c.whole = array.NewBuilder(mem, t)
		c.values = c.whole
	}
	switch v := c.values.(type) {
	case *array.BooleanBuilder:
		c.bools = v
	case *array.Int32Builder:
		c.int32s = v
	case *array.Int64Builder:
		c.int64s = v
	case *array.Float64Builder:
		c.double = v
	case *array.TimestampBuilder:
		c.times = v
	case *array.StringBuilder:
		c.texts = v
	}
	return c
}

// add takes a row. One that is malformed makes the batch useless.
func (b *batch) add(data []byte) error {
	b.field = 0
	b.rows++
	return row.Replay(data, b)
}

// take returns what was gathered, and begins anew. The record is to be released.
func (b *batch) take() arrow.Record {
	columns := make([]arrow.Array, len(b.columns))
	for i := range b.columns {
		columns[i] = b.columns[i].whole.NewArray()
	}
	list := assemble(b.tree, columns)
	rec := array.NewRecord(b.schema, list, b.rows)
	for _, a := range list {
		a.Release() // the record has its own reference
	}
	b.rows, b.size, b.field, b.nested = 0, 0, 0, false
	return rec
}

// assemble puts columns into structs.
func assemble(nodes []*columnar.Node, columns []arrow.Array) []arrow.Array {
	list := make([]arrow.Array, len(nodes))
	for i, n := range nodes {
		if n.Field != nil {
			list[i] = columns[n.Index]
			continue
		}
		parts := assemble(n.Fields, columns)
		data := make([]arrow.ArrayData, len(parts))
		for j, p := range parts {
			data[j] = p.Data()
		}
		d := array.NewData(arrow.StructOf(fieldsOf(n.Fields)...), parts[0].Len(), []*memory.Buffer{nil}, data, 0, 0)
		list[i] = array.NewStructData(d)
		d.Release()
		for _, p := range parts {
			p.Release()
		}
	}
	return list
}

// next returns the column of the next value, which takes n bytes.
func (b *batch) next(n int) *column {
	c := &b.columns[b.field]
	if !b.nested {
		b.field++
	}
	b.size += n
	return c
}

func (b *batch) Groups() schemas.Groups { return 0 }

func (b *batch) Unset() {
	nested := b.nested
	c := b.next(8)
	if nested {
		c.values.AppendNull()
	} else {
		c.whole.AppendNull()
	}
}

func (b *batch) Bool(v bool) { b.next(1).bools.Append(v) }

func (b *batch) Count(v uint64) {
	if v > math.MaxInt64 {
		v = math.MaxInt64
		b.saturated++
	}
	b.Int(int64(v))
}

func (b *batch) Int(v int64) { b.next(8).int64s.Append(v) }

func (b *batch) Double(v float64) { b.next(8).double.Append(v) }

func (b *batch) Interval(v float64) { b.next(8).double.Append(v) }

func (b *batch) Time(v schemas.Time) { b.next(8).times.Append(arrow.Timestamp(int64(v) / 1000)) }

func (b *batch) String(v string) {
	if !text.IsValue(v) {
		b.scratch = text.AppendValue(b.scratch[:0], v)
		v = unsafe.String(unsafe.SliceData(b.scratch), len(b.scratch))
	}
	b.next(len(v) + 4).texts.Append(v)
}

func (b *batch) Enum(v string) { b.String(v) }

func (b *batch) Addr(v netip.Addr) { b.ascii(text.AppendAddr(b.scratch[:0], v)) }

func (b *batch) Subnet(v netip.Prefix) { b.ascii(text.AppendSubnet(b.scratch[:0], v)) }

func (b *batch) ascii(v []byte) {
	b.scratch = v
	b.next(len(v) + 4).texts.Append(unsafe.String(unsafe.SliceData(v), len(v)))
}

func (b *batch) Port(v uint16) { b.next(4).int32s.Append(int32(v)) }

func (b *batch) Begin(schemas.Container, int) {
	b.columns[b.field].list.Append(true)
	b.nested = true
}

func (b *batch) End() {
	b.nested = false
	b.next(4)
}
