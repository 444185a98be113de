package readers

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirelog/wirelog/schemas"
)

// logName returns the log that a file is named after. It knows the ways in which Zeek,
// zeekctl and RITA name files, including rotated ones: conn.log,
// conn.14:00:00-15:00:00.log.gz, conn_20260116_14:00:00.log, json_streaming_conn.log. In
// a tree of partitions, such as conn/date=2026-01-16/…, the folder above them names the
// log.
func logName(path string) string {
	dirs := strings.Split(filepath.ToSlash(filepath.Dir(path)), "/")
	if i := slices.IndexFunc(dirs, func(d string) bool { return strings.Contains(d, "=") }); i > 0 {
		return dirs[i-1]
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	name = strings.TrimPrefix(name, "json_streaming_")
	// What follows the log's name begins with a digit, as in _20260116 or -2.
	for i := 1; i+1 < len(name); i++ {
		if c := name[i+1]; (name[i] == '_' || name[i] == '-') && c >= '0' && c <= '9' && schemas.Lookup(name) == nil {
			return name[:i]
		}
	}
	return name
}

// extensions are the extensions of logs.
var extensions = []string{".log", ".json", ".ndjson", ".parquet", ".arrow", ".arrows"}

// IsLog reports whether a file has the name of a log.
func IsLog(path string) bool {
	name := filepath.Base(path)
	for _, ext := range []string{".gz", ".zst", ".labeled"} {
		name = strings.TrimSuffix(name, ext)
	}
	return !strings.HasPrefix(name, ".") && slices.Contains(extensions, filepath.Ext(name))
}
