package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"github.com/wirelog/wirelog/writers/row"
)

const (
	// batchRows is how many rows are collected by column before they go to the columns'
	// pages.
	batchRows = 256
	// pageSize is the size of a page before encoding, chunkSize that of the buffers for
	// encoded pages.
	pageSize, chunkSize = 64 << 10, 16 << 10
	// groupSize is roughly the memory of an empty row group.
	groupSize = 128 << 10
	// entrySize is roughly the memory of a dictionary entry without its text, which is
	// stored three times.
	entrySize, entryCopies = 80, 3
	// maxBound is the size at which a text is too long for a chunk's statistics.
	maxBound = 256
)

// rowGroup builds one row group after another in memory. Each becomes a segment, which
// can be appended to any file of the same log.
type rowGroup struct {
	out     segment
	w       *parquet.Writer //nolint:staticcheck // the generic one does not tell its size
	columns []*parquet.ColumnWriter
	paths   [][]string // indexed by leaf
	dicts   []parquet.Dictionary
	sink    *sink
	batched int
	rows    uint64
	size    int64 // as of the last batch
}

func newRowGroup(l *layout) *rowGroup {
	g := &rowGroup{sink: newSink(l)}
	*l.dicts = nil
	g.w = parquet.NewWriter(&g.out, l.schema,
		parquet.Compression(&codec), parquet.BloomFilters(l.blooms...),
		parquet.PageBufferSize(pageSize), parquet.WriteBufferSize(0), parquet.DataPageStatistics(false),
		parquet.ColumnPageBuffers(parquet.NewChunkBufferPool(chunkSize)),
		parquet.CreatedBy("wirelog", "", ""))
	g.columns, g.paths, g.dicts = g.w.ColumnWriters(), l.paths, *l.dicts
	return g
}

// add adds a row, whose bytes must stay valid until batch is called.
func (g *rowGroup) add(data []byte) error {
	if err := row.Replay(data, g.sink.from); err != nil {
		return err
	}
	g.sink.field = 0
	g.rows++
	if g.batched++; g.batched >= batchRows {
		return g.batch()
	}
	return nil
}

// batch moves the collected rows to the columns.
func (g *rowGroup) batch() error {
	if g.batched == 0 {
		return nil
	}
	var errs error
	for i, values := range g.sink.values {
		if _, err := g.columns[g.sink.layout.leaves[i]].WriteRowValues(values); err != nil {
			errs = errors.Join(errs, err)
		}
	}
	g.sink.clear()
	g.batched = 0
	g.size = g.memory()
	return errs
}

// memory estimates the memory of the row group: what the library counts, half-empty
// buffers, and dictionary tables.
func (g *rowGroup) memory() int64 {
	size := g.w.Size()
	size += groupSize + min(size, int64(len(g.columns))*(pageSize+chunkSize))
	for _, d := range g.dicts {
		size += (entryCopies-1)*d.Size() + entrySize*int64(d.Len())
	}
	return size
}

// finish returns the row group as a segment and starts a new one. The caller may take
// the segment's bytes until the next row.
func (g *rowGroup) finish() (*segment, error) {
	err := errors.Join(g.batch(), g.w.Close())
	g.out.rows = g.rows
	if err == nil {
		err = g.out.describe(g.w.File().Metadata(), g.paths)
	}
	g.rows, g.size = 0, 0
	return &g.out, err
}

// reset prepares the next row group.
func (g *rowGroup) reset() {
	g.out.data = nil
	g.w.Reset(&g.out)
}

// discard forgets the rows.
func (g *rowGroup) discard() {
	g.sink.clear()
	g.batched, g.rows, g.size = 0, 0, 0
	g.reset()
}

// A segment is a row group as bytes that can be placed at any offset of a file.
type segment struct {
	// data is a Parquet file of one row group, up to its page indexes.
	data []byte
	rows uint64
	// meta describes it as the only row group of a file.
	meta format.FileMetaData
	// bounds are the encoded column indexes (bounds of values), offsets the offset
	// indexes (positions of pages), both by column.
	bounds  [][]byte
	offsets []format.OffsetIndex
}

// Write appends p.
func (s *segment) Write(p []byte) (int, error) {
	s.data = append(s.data, p...)
	return len(p), nil
}

// describe takes the library's metadata, whose memory it will reuse, and cuts off the
// bytes that depend on the offset. It sets the columns' names from paths: the library
// forgets them after the first row group, and some readers use them.
func (s *segment) describe(meta *format.FileMetaData, paths [][]string) error {
	s.meta = *meta
	s.meta.RowGroups = slices.Clone(meta.RowGroups)
	if len(s.meta.RowGroups) != 1 {
		return fmt.Errorf("%d row groups were made of one", len(s.meta.RowGroups))
	}
	columns := slices.Clone(meta.RowGroups[0].Columns)
	s.meta.RowGroups[0].Columns = columns
	s.bounds, s.offsets = make([][]byte, len(columns)), make([]format.OffsetIndex, len(columns))
	end := int64(len(s.data))
	part := func(at int64, n int32) []byte {
		if at <= 0 || n < 0 || at+int64(n) > int64(len(s.data)) {
			return nil
		}
		end = min(end, at)
		return s.data[at : at+int64(n)]
	}
	for i := range columns {
		c := &columns[i]
		s.bounds[i] = bytes.Clone(part(c.ColumnIndexOffset, c.ColumnIndexLength))
		if err := thrift.Unmarshal(new(thrift.CompactProtocol), part(c.OffsetIndexOffset, c.OffsetIndexLength), &s.offsets[i]); err != nil {
			return err
		}
		c.MetaData.PathInSchema = paths[i]
		c.MetaData.Encoding = slices.Clone(c.MetaData.Encoding)
		c.MetaData.EncodingStats = slices.Clone(c.MetaData.EncodingStats)
		c.MetaData.Statistics = bounds(c.MetaData.Type, c.MetaData.Statistics)
	}
	s.data = s.data[:end]
	return nil
}

// bounds returns statistics that every reader accepts: without long bounds, as they are
// in the footer, and without NaN, which the format forbids.
func bounds(t format.Type, s format.Statistics) format.Statistics {
	nan := func(b []byte) bool {
		return t == format.Double && len(b) == 8 && math.IsNaN(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	if len(s.MinValue) > maxBound || len(s.MaxValue) > maxBound || nan(s.MinValue) || nan(s.MaxValue) {
		s.MinValue, s.MaxValue = nil, nil
	} else {
		s.MinValue, s.MaxValue = slices.Clone(s.MinValue), slices.Clone(s.MaxValue)
	}
	return s
}

// A written segment is the description of a row group in a file's footer.
type written struct {
	group           format.RowGroup
	bounds, offsets [][]byte // page indexes by column
}

// at describes the segment at an offset of a file.
func (s *segment) at(base int64) (w written, err error) {
	w.group, w.bounds = s.meta.RowGroups[0], s.bounds
	w.group.Columns = slices.Clone(w.group.Columns)
	w.group.FileOffset += base
	for i := range w.group.Columns {
		m := &w.group.Columns[i].MetaData
		for _, offset := range []*int64{&m.DataPageOffset, &m.DictionaryPageOffset, &m.BloomFilterOffset} {
			if *offset > 0 {
				*offset += base
			}
		}
		index := s.offsets[i]
		index.PageLocations = slices.Clone(index.PageLocations)
		for j := range index.PageLocations {
			index.PageLocations[j].Offset += base
		}
		b, err := thrift.Marshal(new(thrift.CompactProtocol), &index)
		if err != nil {
			return w, err
		}
		w.offsets = append(w.offsets, b)
	}
	return w, nil
}

// appendTail appends the end of a file at that offset: the page indexes of all row
// groups and the footer meta, whose row groups it sets. Readers expect indexes of one
// kind next to each other.
func appendTail(dst []byte, at int64, groups []written, meta format.FileMetaData) ([]byte, error) {
	start := len(dst)
	meta.RowGroups = make([]format.RowGroup, len(groups))
	meta.NumRows = 0
	for i := range groups {
		g := &meta.RowGroups[i]
		*g = groups[i].group
		g.Ordinal = int16(i)
		meta.NumRows += g.NumRows
		for j, b := range groups[i].bounds {
			g.Columns[j].ColumnIndexOffset, g.Columns[j].ColumnIndexLength = at+int64(len(dst)-start), int32(len(b))
			dst = append(dst, b...)
		}
	}
	for i := range groups {
		for j, b := range groups[i].offsets {
			c := &meta.RowGroups[i].Columns[j]
			c.OffsetIndexOffset, c.OffsetIndexLength = at+int64(len(dst)-start), int32(len(b))
			dst = append(dst, b...)
		}
	}
	footer, err := thrift.Marshal(new(thrift.CompactProtocol), &meta)
	if err != nil {
		return nil, err
	}
	dst = append(dst, footer...)
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(footer))), magic...), nil
}
