package wire

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// digits returns the length of a message such as "3abc", whose header is one byte.
func digits(header []byte) int {
	if c := header[0]; c >= '0' && c <= '9' {
		return 1 + int(c-'0')
	}
	return -1
}

// framesOf feeds segments to f and returns the messages. "-n" is a gap of n bytes.
func framesOf(f *Frames, fr *Framer, segments ...string) (got []string) {
	for _, s := range segments {
		if n, ok := strings.CutPrefix(s, "-"); ok {
			if !f.Gap(fr, uint64(n[0]-'0')) {
				return append(got, "lost")
			}
			continue
		}
		for b := []byte(s); len(b) > 0; {
			m, rest, state := f.Next(fr, b)
			switch state {
			case FrameWhole:
				got = append(got, string(m))
			case FrameInvalid:
				got = append(got, "invalid "+string(m))
			case FrameShort:
			}
			b = rest
		}
	}
	return got
}

func TestFrames(t *testing.T) {
	for _, tt := range []struct {
		name, segments, want, partial string
	}{
		{"one", "3abc", "3abc", ""},
		{"several", "3abc01x2yz", "3abc 0 1x 2yz", ""},
		{"byte by byte", "3 a b c 0 1 x", "3abc 0 1x", ""},
		{"cut", "3abc2 yz3a bc1x", "3abc 2yz 3abc 1x", ""},
		{"incomplete", "1x3a", "1x", "3a"},
		{"empty", "", "", ""},
		{"invalid", "1xz1y", "1x invalid_z 1y", ""},
		{"too long", "1x91y", "1x invalid_9 1y", ""},
		{"gap", "5ab -2 c1x", "1x", ""},
		{"gap with more to come", "5ab -1 c", "", "5ab"},
		{"two gaps", "5a -1 b -1 c1x", "1x", ""},
		{"gap to the end of a message", "5ab -3 1x", "1x", ""},
		{"gap at the end of a message, nothing more", "5ab -3", "", "5ab"},
		{"gap beyond a message", "5ab -4 1x", "lost", "5ab"},
		{"second gap beyond a message", "5ab -1 c -2 1x", "lost", "5ab"},
		{"gap between messages", "1x -1 1x", "1x lost", ""},
	} {
		var f Frames
		fr := NewFramer(1, 9, digits)
		got := framesOf(&f, fr, strings.Fields(tt.segments)...)
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], " ", "_")
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, s, tt.want)
		}
		if string(f.Partial()) != tt.partial || f.Kept() != len(tt.partial) {
			t.Errorf("%s: kept %q, want %q", tt.name, f.Partial(), tt.partial)
		}
		if n := f.Reset(fr); n != len(tt.partial) || f.Kept() != 0 {
			t.Errorf("%s: Reset returned %d and left %d bytes", tt.name, n, f.Kept())
		}
		if got := framesOf(&f, fr, "1x"); !slices.Equal(got, []string{"1x"}) {
			t.Errorf("%s: %q after Reset", tt.name, got)
		}
	}
}

// TestFramesHeader cuts a stream, whose headers have several bytes, at every place.
func TestFramesHeader(t *testing.T) {
	size := func(h []byte) int { return int(h[2]) }
	stream := []byte("ab\x05cd" + "ef\x03" + "gh\x02xy")
	for i := range stream {
		var f Frames
		fr := NewFramer(3, 9, size)
		got := framesOf(&f, fr, string(stream[:i]), string(stream[i:]))
		if want := []string{"ab\x05cd", "ef\x03", "invalid gh\x02"}; !slices.Equal(got, want) {
			t.Errorf("cut at %d: %q, want %q", i, got, want)
		}
	}
}

func TestFramesCopyNothing(t *testing.T) {
	var f Frames
	b := []byte("3abc1x")
	m, rest, _ := f.Next(NewFramer(1, 9, digits), b)
	if &m[0] != &b[0] || &rest[0] != &b[4] || cap(m) != len(m) {
		t.Error("message in one segment was copied, or has spare capacity")
	}
}

// TestFramesBuffers uses more streams than there are spare buffers, and a message too long
// for a spare buffer.
func TestFramesBuffers(t *testing.T) {
	fr := NewFramer(1, 1<<20, func([]byte) int { return 1 << 20 })
	frames := make([]Frames, maxSpare+1)
	for i := range frames {
		frames[i].Next(fr, []byte("ab"))
	}
	frames[0].Next(fr, make([]byte, maxSpareSize))
	for i := range frames {
		frames[i].Reset(fr)
	}
	n := 0
	for b := fr.spare.Get(); b != nil; b = fr.spare.Get() {
		n++
		if cap(b) > maxSpareSize {
			t.Errorf("spare buffer of %d bytes, want at most %d", cap(b), maxSpareSize)
		}
	}
	if n != maxSpare {
		t.Errorf("%d spare buffers, want %d", n, maxSpare)
	}
}

func TestFramesAllocations(t *testing.T) {
	fr := NewFramer(1, 9, digits)
	segments := [][]byte{[]byte("3abc1x9"), []byte("123"), []byte("4567891x5ab"), []byte("c")}
	play := func() {
		var f Frames
		for _, b := range segments {
			for len(b) > 0 {
				_, b, _ = f.Next(fr, b)
			}
		}
		f.Reset(fr)
	}
	play()
	if n := testing.AllocsPerRun(100, play); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzFrames checks that segmentation does not change the messages.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("3abc01x2yz"), []byte{1, 2})
	f.Add([]byte("1xz95abcde3a"), []byte{0})
	f.Fuzz(func(t *testing.T, stream, cuts []byte) {
		fr := NewFramer(1, 9, digits)
		var whole, parts Frames
		want := framesOf(&whole, fr, strings.ReplaceAll(string(stream), "-", "x"))
		stream = bytes.ReplaceAll(stream, []byte("-"), []byte("x"))
		var segments []string
		for i := 0; len(stream) > 0; i++ {
			n := 1
			if len(cuts) > 0 {
				n += int(cuts[i%len(cuts)])
			}
			n = min(n, len(stream))
			segments = append(segments, string(stream[:n]))
			stream = stream[n:]
		}
		if got := framesOf(&parts, fr, segments...); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("in segments %q, want %q", got, want)
		}
		if !bytes.Equal(whole.Partial(), parts.Partial()) {
			t.Errorf("kept %q, want %q", parts.Partial(), whole.Partial())
		}
	})
}
