package writers

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"
)

// Presets for the names of finished files.
const (
	namesPlain         = "plain"          // conn.log
	namesZeek          = "zeek"           // conn.2026-01-16-14-00-00.log, Zeek's default
	namesZeekctl       = "zeekctl"        // 2026-01-16/conn.14:00:00-15:00:00.log, zeekctl's archive
	namesRITA          = "rita"           // conn_20260116_14:00:00.log, as RITA expects
	namesJSONStreaming = "json-streaming" // json_streaming_conn.2026-01-16-14-00-00.log
)

var presets = map[string]string{
	namesPlain:         "{log}",
	namesZeek:          "{log}.{open:%Y-%m-%d-%H-%M-%S}",
	namesZeekctl:       "{open:%Y-%m-%d}/{log}.{open:%H:%M:%S}-{close:%H:%M:%S}",
	namesRITA:          "{log}_{open:%Y%m%d}_{open:%H:%M:%S}",
	namesJSONStreaming: "json_streaming_{log}.{open:%Y-%m-%d-%H-%M-%S}",
}

// names makes the names of finished files from a template.
type names struct {
	parts []namePart
	utc   bool
}

// A namePart is fixed text, or a pair of braces with a verb.
type namePart struct {
	text string
	verb string // "", "log", "sensor", "open" or "close"
	time string // strftime format of open and close
}

// parseNames parses a template or the name of a preset. A template may contain {log},
// {sensor}, {open:FORMAT} and {close:FORMAT}, with a format of strftime, and folders
// separated by "/".
func parseNames(template string, utc bool) (*names, error) {
	n := &names{utc: utc}
	if p, ok := presets[template]; ok {
		template = p
	}
	rest := template
	for rest != "" {
		text, after, found := strings.Cut(rest, "{")
		if text != "" {
			n.parts = append(n.parts, namePart{text: text})
		}
		if !found {
			break
		}
		inner, after, found := strings.Cut(after, "}")
		if !found {
			return nil, fmt.Errorf("%q: a brace is not closed", template)
		}
		verb, layout, timed := strings.Cut(inner, ":")
		switch {
		case verb == "open" || verb == "close":
			layout = cmp.Or(layout, "%Y-%m-%d-%H-%M-%S")
			if _, err := strftime(layout, time.Unix(0, 0)); err != nil {
				return nil, fmt.Errorf("%q: %w", template, err)
			}
		case timed || verb != "log" && verb != "sensor":
			return nil, fmt.Errorf("%q: want {log}, {sensor}, {open:FORMAT} or {close:FORMAT}, got {%s}", template, inner)
		}
		n.parts = append(n.parts, namePart{verb: verb, time: layout})
		rest = after
	}
	if !slices.ContainsFunc(n.parts, func(p namePart) bool { return p.verb == "log" }) {
		return nil, fmt.Errorf("%q: {log} is missing, without which all logs would have one name", template)
	}
	if at := n.make("log", "sensor", time.Unix(0, 0), time.Unix(0, 0)); path.IsAbs(at) || path.Clean(at) != at || strings.HasPrefix(at, "..") {
		return nil, fmt.Errorf("%q: a name must lie in the output's folder or one below it", template)
	}
	return n, nil
}

// timed reports whether the names of a log's files differ by time.
func (n *names) timed() bool {
	return slices.ContainsFunc(n.parts, func(p namePart) bool { return p.verb == "open" || p.verb == "close" })
}

// make returns the name of a file of that log, without its extension.
func (n *names) make(log, sensor string, open, closed time.Time) string {
	if n.utc {
		open, closed = open.UTC(), closed.UTC()
	} else {
		open, closed = open.Local(), closed.Local()
	}
	var b strings.Builder
	for _, p := range n.parts {
		text := p.text
		switch p.verb {
		case "log":
			text = log
		case "sensor":
			text = strings.NewReplacer("/", "_", "\x00", "_").Replace(sensor)
		case "open":
			text, _ = strftime(p.time, open) // checked by parseNames
		case "close":
			text, _ = strftime(p.time, closed)
		}
		b.WriteString(text)
	}
	return b.String()
}

var directives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'j': "002",
	'F': "2006-01-02", 'T': "15:04:05", 'Z': "MST", 'z': "-0700",
}

// strftime formats t. It knows those directives of C's strftime that are useful in file
// names.
func strftime(layout string, t time.Time) (string, error) {
	var b []byte
	for i := 0; i < len(layout); i++ {
		if layout[i] != '%' {
			b = append(b, layout[i])
			continue
		}
		i++
		switch {
		case i == len(layout):
			return "", fmt.Errorf("a time format ends in %%")
		case layout[i] == '%':
			b = append(b, '%')
		case layout[i] == 's':
			b = fmt.Append(b, t.Unix())
		case directives[layout[i]] != "":
			b = t.AppendFormat(b, directives[layout[i]])
		default:
			return "", fmt.Errorf("a time format cannot have %%%c here", layout[i])
		}
	}
	return string(b), nil
}
