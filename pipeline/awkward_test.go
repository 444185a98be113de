package pipeline

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/dissect/link/packet"
)

// TestAwkwardStrings is case 24 for a whole run: whatever a string contains, TSV and JSON
// have as many rows as there are requests and as many columns as names, and the TSV can
// be read back.
func TestAwkwardStrings(t *testing.T) {
	awkward := []string{"a\tb", "a\x00b", "\x1b[2J\x1b]0;x\a", "\xff\xfe\xc3", "#fields\tts\tuid", "#close", "(empty)", "-", `\x09\`, "\u2028\u0085", `"},{"x":"`}
	w := newPcap(packet.LinkRaw)
	for i, s := range awkward {
		w.talk(i, 80, fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nReferer: %s\r\n\r\n", s, s, s, s))
	}
	tsv := runBytes(t, w.b, func(o *Options) { o.Logs = []string{"http"} })
	rows := tsv.rows("http")
	if len(rows) != len(awkward) {
		t.Errorf("%d rows for %d requests", len(rows), len(awkward))
	}
	var columns []string
	for line := range strings.Lines(tsv.files["http.log"]) {
		if names, ok := strings.CutPrefix(line, "#fields\t"); ok {
			columns = append(columns, names)
		}
		if strings.ContainsAny(strings.TrimSuffix(line, "\n"), "\x00\x1b\n\r") {
			t.Errorf("%q has a control character", line)
		}
	}
	if len(columns) != 1 || strings.Count(tsv.files["http.log"], "\n#close\t") != 1 {
		t.Errorf("headers %q", columns)
	}
	for _, row := range rows {
		if n := strings.Count(row, "\t"); n != strings.Count(columns[0], "\t") {
			t.Errorf("%d columns: %q", n+1, row)
		}
	}
	js := runBytes(t, w.b, func(o *Options) { o.Logs, o.Format = []string{"http"}, FormatJSON })
	lines := js.rows("http")
	if len(lines) != len(awkward) {
		t.Errorf("%d lines of JSON", len(lines))
	}
	for _, line := range lines {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil || v["x"] != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}
