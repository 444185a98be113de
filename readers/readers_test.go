package readers

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wirelog/wirelog/readers/row"
	"github.com/wirelog/wirelog/writers/tsv"
)

func TestLogName(t *testing.T) {
	for path, want := range map[string]string{
		"a/conn.log":                   "conn",
		"conn.log.gz":                  "conn",
		"conn.2026-01-16-14-00-00.log": "conn",
		"2026-01-16/conn.14:00:00-15:00:00.log.gz":      "conn",
		"conn_20260116_14:00:00.log":                    "conn",
		"conn-2.log":                                    "conn",
		"smb_files.log":                                 "smb_files",
		"smb_files_20260116.log":                        "smb_files",
		"json_streaming_dns.2026-01-16-14-00-00.log":    "dns",
		"x509.log":                                      "x509",
		"lake/conn/date=2026-01-16/hour=07/a-b.parquet": "conn",
		"conn.arrows":                                   "conn",
		"my_log.ndjson":                                 "my_log",
	} {
		if got := LogName(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestIsLog(t *testing.T) {
	for path, want := range map[string]bool{
		"conn.log": true, "d/conn.log.gz": true, "conn.log.zst": true, "a.ndjson": true,
		"conn.parquet": true, "conn.arrow": true, "conn.arrows.zst": true, "x.parquet.part": false,
		".conn.log.tsv.1.open": false, ".conn.log": false, "conn.txt": false, "log": false,
	} {
		if got := IsLog(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// Whatever a file holds, reading ends, and what is read can be written.
func FuzzFile(f *testing.F) {
	f.Add([]byte("#separator \\x09\n#path\tx\n#fields\ta\tb\n#types\tcount\tset[addr]\n1\t::1,-\n-\t(empty)\nx\n"))
	f.Add([]byte("#fields\tts\tt\n#types\ttime\tbool\n1.5\tT\n"))
	f.Add([]byte(`{"ts":1.5,"x":[1,"a",null],"y":{"z":1}}` + "\n" + `{"_path":"conn","ts":"2026-01-16T00:00:00Z","uid":"\u0000"}` + "\n"))
	f.Add([]byte(`{"ts":1.5,"id.orig_h":"::1","id.orig_p":70000,"x":-1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "conn.log")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Open(path, "")
		if err != nil {
			return
		}
		defer file.Close()
		e := tsv.New(file.Schema, 0)
		for range len(data) + 2 {
			rec, err := file.Next()
			if err == io.EOF {
				return
			}
			if err == nil {
				e.Append(nil, rec)
			} else if _, ok := err.(*row.Error); !ok {
				return
			}
		}
		t.Error("reading does not end")
	})
}
