package detect

import (
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/conn"
	"github.com/wirelog/wirelog/dissect/event"
	"github.com/wirelog/wirelog/internal/testconn"
	"github.com/wirelog/wirelog/value"
)

// TestLateMatch matches signatures in what comes after the first bytes.
func TestLateMatch(t *testing.T) {
	far := strings.Repeat("x", 3000)
	for _, c := range []struct {
		name   string
		change func(*Options)
		parts  []string
		want   []string
	}{
		{"by default", nil, []string{">" + far + "magic!"}, nil},
		{"later", func(o *Options) { o.MatchOnlyBeginning = false }, []string{">" + far, ">magic!" + far}, []string{"Analyzer::ANALYZER_A"}},
		{"at the end", func(o *Options) { o.MatchOnlyBeginning = false }, []string{">" + far + "magic!"}, []string{"Analyzer::ANALYZER_A"}},
		{"of the server", func(o *Options) { o.MatchOnlyBeginning = false }, []string{">" + far, "<hello"}, []string{"Analyzer::ANALYZER_B"}},
		{"two", func(o *Options) { o.MatchOnlyBeginning = false }, []string{">" + far + "magic!", "<hello"}, []string{"Analyzer::ANALYZER_A", "Analyzer::ANALYZER_B"}},
		{"one is enough", func(o *Options) { o.MatchOnlyBeginning, o.LateMatchStop = false, true }, []string{">" + far + "magic!", "<hello"}, []string{"Analyzer::ANALYZER_A"}},
		{"too late", func(o *Options) { o.MatchOnlyBeginning = false }, []string{">" + strings.Repeat(far, 6), ">magic!"}, nil},
		{"in time", func(o *Options) { o.BufferSize = 8000 }, []string{">" + far + "magic!"}, nil},
	} {
		for _, size := range []int{1, 700, 1400} {
			attached := 0
			make := func(conn.Use) conn.Analyzer { attached++; return nil }
			b := testconn.New(t, testconn.Config())
			d, err := New([]*Protocol{
				{Transport: value.ProtoTCP, Protocol: conn.Protocol{Name: "A", New: make}, Signatures: []Signature{{Orig: contains("magic!")}}},
				{Transport: value.ProtoTCP, Protocol: conn.Protocol{Name: "B", New: make}, Signatures: []Signature{{Resp: begins("hello")}}},
			})
			o := DefaultOptions()
			o.MaxPackets = 1 << 20
			if c.change != nil {
				c.change(&o)
			}
			d.Configure(o, b.Hooks)
			b.SetAttacher(d, err)
			var got []string
			b.Hooks.Analyzer.ProtocolLateMatch.Listen(func(e *event.ProtocolLateMatch) { got = append(got, string(e.AType)) })
			b.Converse(c.parts, size)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s, in segments of %d: %q, want %q", c.name, size, got, c.want)
			}
			if early := c.name == "in time"; (attached > 0) != early {
				t.Errorf("%s: %d analyzers were attached", c.name, attached)
			}
			if n := b.Table.StateHeld(); n != 0 {
				t.Errorf("%s: %d bytes are held", c.name, n)
			}
		}
	}
}
