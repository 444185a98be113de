package greeting

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
)

// CSV is a type of outputs: files of comma-separated values with a line of names. Its one
// setting is the folder.
var CSV = pipeline.OutputFactory{
	Name: "csv", Doc: "comma-separated values",
	Settings: func() any { return &CSVSettings{Dir: "."} },
	Make: func(_ *pipeline.Options, settings any, w *writers.Output) error {
		w.Format, w.Dir = csvFormat{}, settings.(*CSVSettings).Dir
		return nil
	},
}

// CSVSettings are the settings of an output of type csv.
type CSVSettings struct {
	Dir string `key:"dir" doc:"folder for the files"`
}

type csvFormat struct{}

// Name returns "csv".
func (csvFormat) Name() string { return "csv" }

// Ext returns ".csv".
func (csvFormat) Ext() string { return ".csv" }

// Encoder returns an encoder of the log.
func (csvFormat) Encoder(s *schemas.Schema, g schemas.Groups) writers.Encoder {
	return &csvEncoder{schema: s, groups: g}
}

type csvEncoder struct {
	schema *schemas.Schema
	groups schemas.Groups
}

// AppendHeader appends the names of the columns.
func (e *csvEncoder) AppendHeader(dst []byte, _ time.Time) []byte {
	var names []string
	for _, f := range e.schema.Fields {
		names = append(names, f.Name)
	}
	return append(append(dst, strings.Join(names, ",")...), '\n')
}

// AppendFooter appends nothing.
func (e *csvEncoder) AppendFooter(dst []byte, _ time.Time) []byte { return dst }

// Append appends a row.
func (e *csvEncoder) Append(dst []byte, rec schemas.Record) []byte {
	s := &csvSink{dst: dst, groups: e.groups}
	rec.Encode(s)
	s.dst[len(s.dst)-1] = '\n' // was the last comma
	return s.dst
}

// csvSink takes the values of one row. Elements of sets and vectors are separated by
// semicolons.
type csvSink struct {
	dst    []byte
	groups schemas.Groups
	list   bool
}

func (s *csvSink) value(v any) {
	end := ","
	if s.list {
		end = ";"
	}
	text := fmt.Sprint(v)
	if strings.ContainsAny(text, ",;\"\r\n") {
		text = strconv.Quote(text)
	}
	s.dst = append(append(s.dst, text...), end...)
}

func (s *csvSink) Groups() schemas.Groups       { return s.groups }
func (s *csvSink) Unset()                       { s.value("") }
func (s *csvSink) Bool(v bool)                  { s.value(v) }
func (s *csvSink) Count(v uint64)               { s.value(v) }
func (s *csvSink) Int(v int64)                  { s.value(v) }
func (s *csvSink) Double(v float64)             { s.value(v) }
func (s *csvSink) Time(v value.Time)            { s.value(v.Time().Format(time.RFC3339Nano)) }
func (s *csvSink) Interval(v float64)           { s.value(v) }
func (s *csvSink) String(v string)              { s.value(v) }
func (s *csvSink) Enum(v string)                { s.value(v) }
func (s *csvSink) Addr(v netip.Addr)            { s.value(v) }
func (s *csvSink) Subnet(v netip.Prefix)        { s.value(v) }
func (s *csvSink) Port(v uint16)                { s.value(v) }
func (s *csvSink) Begin(schemas.Container, int) { s.list = true }

func (s *csvSink) End() {
	s.list = false
	s.dst = append(s.dst, ',')
}
