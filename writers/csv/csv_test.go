package csv

import (
	"encoding/csv"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers/json"
)

func TestAppend(t *testing.T) {
	s := &schemas.Schema{Name: "x"}
	s.Fields = []schemas.Field{
		{Name: "ts", Kind: schemas.KindTime}, {Name: "id.orig_h", Kind: schemas.KindAddr}, {Name: "s", Kind: schemas.KindString},
		{Name: "d", Kind: schemas.KindDouble}, {Name: "tags", Kind: schemas.KindString, Container: schemas.SetOf}, {Name: "b", Kind: schemas.KindBool},
	}
	text := func(s string) row.Value { return row.Value{Set: true, Text: s} }
	for _, tt := range []struct {
		values []row.Value
		form   json.Timestamps
		want   string
	}{
		{make([]row.Value, 6), 0, ",,,,,\n"},
		{[]row.Value{
			{Set: true, Number: 1598243094015046000}, {Set: true, Prefix: netip.MustParsePrefix("10.0.0.1/32")}, text(`a "b", c` + "\n\x00"),
			{Set: true, Double: 2.5e-10}, {Set: true, List: []row.Value{text("a,b"), text(""), {}, text("-")}}, row.Bool(true),
		}, json.ISO8601, `2020-08-24T04:24:54.015046Z,10.0.0.1,"a ""b"", c` + "\n" + `\x00",2.5e-10,"a\x2cb,(empty),-,\x2d",true` + "\n"},
		{[]row.Value{{Set: true, Number: 1598243094015046000}, {}, text(""), {}, {Set: true}, {}}, 0, `1598243094.015046,,"",,"",` + "\n"},
	} {
		rec := row.New(s)
		copy(rec.Values, tt.values)
		e := Format{Timestamps: tt.form}.Encoder(s, 0)
		got := string(e.Append(nil, rec))
		if got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
		all := string(e.AppendHeader(nil, time.Time{})) + got
		if rows, err := csv.NewReader(strings.NewReader(all)).ReadAll(); err != nil || len(rows) != 2 || len(rows[1]) != 6 || rows[0][1] != "id.orig_h" {
			t.Errorf("%q: %q, %v", all, rows, err)
		}
	}
}

// A record without a value in its only column is not an empty line.
func TestOneColumn(t *testing.T) {
	s := &schemas.Schema{Name: "x", Fields: []schemas.Field{{Name: "a", Kind: schemas.KindCount}}}
	if got := string(Format{}.Encoder(s, 0).Append(nil, row.New(s))); got != "\"\"\n" {
		t.Errorf("%q", got)
	}
}
