package smb

import (
	"slices"
	"strings"
	"testing"
)

// TestPipeNames opens a file in a tree that was not seen, with both versions of SMB, and
// looks whether it is taken for a named pipe.
func TestPipeNames(t *testing.T) {
	const heuristic = "smb_pipe_connect_heuristic {}"
	for _, c := range []struct {
		names  []string
		file   string
		isPipe bool
	}{
		{DefaultOptions().PipeNames, "srvsvc", true},
		{DefaultOptions().PipeNames, "MsFteWds", true},
		{DefaultOptions().PipeNames, "eventlog", false},
		{[]string{"eventlog"}, "eventlog", true},
		{[]string{"eventlog"}, "srvsvc", false},
		{nil, "srvsvc", false},
	} {
		o := DefaultOptions()
		o.PipeNames = c.names
		for version, frame := range []string{
			smb1(smb1NTCreateAndX, 0, words(none+"\x00"+n16(4)+strings.Repeat("\x00", 41), c.file+"\x00")),
			string(frame2(create(1, 5, c.file, 0))),
		} {
			b, lines := bench2(t, o)
			b.Open()
			b.Talk(true, []byte(frame))
			if slices.Contains(*lines, heuristic) != c.isPipe {
				t.Errorf("%s, pipes %q, SMB%d: %q", c.file, c.names, version+1, *lines)
			}
		}
	}
}
