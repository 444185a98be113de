package writers_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/value"
	"github.com/wirelog/wirelog/writers"
	"github.com/wirelog/wirelog/writers/tsv"
)

// concat is a Joiner whose rows have the notes since the last one that ends in a period.
type concat struct{ text string }

func (j *concat) Join(note []byte, emit func(schemas.Record)) {
	if j.text += string(note); note[len(note)-1] == '.' {
		j.End(emit)
	}
}

func (j *concat) End(emit func(schemas.Record)) {
	emit(&schemas.Weird{Name: j.text})
	j.text = ""
}

func (*concat) Limited() (string, uint64) { return "notes", 7 }

// Notes of all shards reach the joiner in the order of their keys, and their rows are
// written and counted like others.
func TestJoiner(t *testing.T) {
	dir := t.TempDir()
	m, err := writers.New(writers.Config{
		Outputs: []writers.Output{{Dir: dir, Format: tsv.Format{}}}, Logs: []*schemas.Schema{&schemas.WeirdSchema},
		Joiners: map[string]func() schemas.Joiner{"weird": func() schemas.Joiner { return new(concat) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	shards := []*writers.Collector{m.Collector(), m.Collector()}
	note := func(shard int, at int64, text string) {
		shards[shard].SetCause(at, writers.ClassPacket, uint64(at))
		shards[shard].EmitGated(new(schemas.Weird), schemas.Gate{Kind: schemas.GateJoin, Key: text})
	}
	note(0, 1, "a")
	note(0, 4, "d.")
	note(1, 2, "b")
	note(1, 3, "c.")
	note(1, 5, "e")
	shards[0].SetCause(6, writers.ClassPacket, 6)
	shards[0].Emit(&schemas.Weird{TS: value.Time(6), Name: "row"})
	m.Merge(shards[0].Flush(), shards[1].Flush())
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "weird.log"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if col := strings.Split(line, "\t"); line[0] != '#' {
			names = append(names, col[6])
		}
	}
	if got := strings.Join(names, " "); got != "abc. d. row e" {
		t.Errorf("%q", got)
	}
	s := m.Stats()
	if st := &s.Streams[0]; st.Built != 4 || st.Written != 4 || s.OutOfOrder != 0 {
		t.Errorf("%+v", s)
	}
	if len(s.Limits) != 1 || s.Limits[0] != (writers.JoinerLimit{"weird", "notes", 7}) {
		t.Errorf("%+v", s.Limits)
	}
}
