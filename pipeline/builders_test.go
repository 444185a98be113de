package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/readers"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers/tsv"
)

// ownRow is a row of a log that this module does not have.
type ownRow struct {
	TS    value.Time         `zeek:"ts" doc:"Time of the request."`
	ID    schemas.ID         `zeek:"id" doc:"The connection's endpoints."`
	Query string             `zeek:"query" doc:"Name that is asked for."`
	Type  uint64             `zeek:"qtype" doc:"Type that is asked for."`
	Parts value.Set[string]  `zeek:"parts" doc:"Some texts."`
	Score value.Opt[float64] `zeek:"score" doc:"Set for one type."`
	Hash  value.Opt[string]  `zeek:"hash,optional=ja3" doc:"A column of a group."`
}

// ownLog returns the log and its builder.
func ownLog() (*schemas.Schema, logs.Builder) {
	l := schemas.MustOf[ownRow]("own", "The questions of DNS.")
	return l.Schema(), logs.Builder{
		Schemas: []*schemas.Schema{l.Schema()},
		Install: func(h *event.Hooks, out schemas.Emitter, o *logs.Options) {
			r := l.New()
			h.DNS.Request.Listen(func(e *event.DNSRequest) {
				id := e.Conn.ID()
				r.V = ownRow{
					TS: o.Now(), ID: logs.Endpoints(&id), Query: string(e.Query), Type: e.QType,
					Parts: value.Set[string]{"a", "b"}, Hash: value.Some("x"),
				}
				if e.QType == 1 {
					r.V.Score = value.Some(0.5)
				}
				out.Emit(r)
			})
		},
	}
}

func TestOwnLog(t *testing.T) {
	dir := t.TempDir()
	schema, builder := ownLog()
	o := Defaults()
	o.Paths = []string{"../testdata/dns.pcap", "../testdata/dns-types.pcap"}
	o.Seed, o.Shards = "test", 4
	o.Schemas, o.Builders = []*schemas.Schema{schema}, []logs.Builder{builder}
	o.Logs, o.Columns = []string{"own", "dns"}, []string{"ja3"}
	for _, typ := range []string{FormatTSV, FormatJSON, FormatParquet, FormatArrow} {
		settings, err := NewSettings(typ)
		if err != nil {
			t.Fatal(err)
		}
		switch s := settings.(type) {
		case *TSVSettings:
			s.Dir = filepath.Join(dir, typ)
		case *JSONSettings:
			s.Dir = filepath.Join(dir, typ)
		case *ParquetSettings:
			s.Dir = filepath.Join(dir, typ)
		case *ArrowSettings:
			s.Dir = filepath.Join(dir, typ)
		}
		o.Outputs = append(o.Outputs, Output{Type: typ, Settings: settings, Where: map[string]string{"own": `query != "nonesuch"`}})
	}
	s, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	checkSummary(t, &s)
	want := readOwn(t, filepath.Join(dir, FormatTSV))
	if len(want) < 5 {
		t.Fatalf("%d rows: %q", len(want), want)
	}
	for _, format := range []string{FormatJSON, FormatParquet, FormatArrow} {
		if got := readOwn(t, filepath.Join(dir, format)); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%q\nwant\n%q", format, got, want)
		}
	}
}

// readOwn returns the TSV rows of the log of ownRow in a folder.
func readOwn(t *testing.T, dir string) []string {
	t.Helper()
	path := ""
	if err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasPrefix(d.Name(), "own") {
			path = p
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	f, err := readers.Open(path, "own")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n := len(f.Logs()[0].Fields); n != 10 {
		t.Errorf("%s has %d columns", path, n)
	}
	var rows []string
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, string(tsv.New(f.Logs()[0], 0).Append(nil, r)))
	}
}

func TestOwnLogErrors(t *testing.T) {
	schema, _ := ownLog()
	for want, change := range map[string]func(*Options){
		"Schemas": func(o *Options) { o.Schemas = []*schemas.Schema{schema, schema} },
		"Logs":    func(o *Options) { o.Logs = []string{"own"} },
	} {
		o := Defaults()
		o.Paths, o.OutputDir = []string{"../testdata/dns.pcap"}, t.TempDir()
		change(&o)
		_, err := Run(t.Context(), o)
		var oe *OptionError
		if !errors.As(err, &oe) || oe.Option != want {
			t.Errorf("got error %v, want one of %s", err, want)
		}
	}
}
