package smb

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestResync tests what becomes of messages after a gap. Segments show where frames begin, for
// both sides at once, and each of Zeek's parsers fails before it reads again. A talk is a list
// of message numbers after > or <, with ~ for a segment of other data, / for the start of a
// message whose rest is missing, and | for missing bytes of the client.
func TestResync(t *testing.T) {
	for _, tt := range []struct{ name, talk, want string }{
		{"between messages", ">1 <1 | >2 <2 >3 <3 >4 <4", ">1 <1 >3 <3 >4 <4"},
		{"in a message", ">1 <1 >/ | >~ >3 <3 >4 <4 >5 <5", ">1 <1 >4 <4 >5 <5"},
		{"in messages of both", ">1 <1 >/ | <2 <3 >3 >4 <4 <5", ">1 <1 <3 >4 <5"},
		{"before a server that has said nothing", ">1 | >2 >3 <3 <4", ">1 >3 <3 <4"},
		{"in what the server sends", ">1 <1 | >2 <~ <~ >3 <3 >4 <4 >5 <5", ">1 <1 >3 <4 >5 <5"},
		{"and then again", ">1 <1 | >2 >3 >4 <~ >5 >6 <~ <7 >7", ">1 <1 >3 >4 >6 >7"},
	} {
		b, lines := bench2(t, DefaultOptions())
		b.Open()
		for step := range strings.FieldsSeq(tt.talk) {
			isOrig := step[0] == '>'
			switch {
			case step == "|":
				b.Skip(true, 10)
			case step[1] == '~':
				b.Talk(isOrig, []byte(strings.Repeat("z", 100)))
			case step[1] == '/':
				b.Talk(isOrig, frame2(writeFile(99, 5, 12, 0, make([]byte, 3000)))[:1000])
			default:
				mid, _ := strconv.Atoi(step[1:])
				b.Talk(isOrig, frame2(echo(uint64(mid))))
			}
		}
		b.Close()
		b.Drain()
		var want []string
		for step := range strings.FieldsSeq(tt.want) {
			want = append(want, "message 13 "+step[1:])
		}
		if !slices.Equal(*lines, want) {
			t.Errorf("%s: %s, want %s", tt.name, *lines, tt.want)
		}
	}
}

// TestCapacity tests frames longer than the capacity of a buffer.
func TestCapacity(t *testing.T) {
	b, lines := bench2(t, DefaultOptions())
	b.Open()
	b.Talk(true, frame2(echo(1)))
	b.Talk(true, append([]byte{0, 0xff, 0xff, 0xff}, "\xfeSMB"...))
	if len(*lines) != 1 {
		t.Errorf("before the buffer was full: got %q", *lines)
	}
	chunk := make([]byte, 60_000)
	for range maxFrame/len(chunk) + 1 {
		b.Talk(true, chunk)
	}
	if !slices.Equal(*lines, []string{"message 13 1", "violation"}) {
		t.Errorf("got %q", *lines)
	}
}
