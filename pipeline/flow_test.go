package pipeline

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wirelog/wirelog/schemas"
)

// jsonRows decodes a log in JSON.
func jsonRows(t *testing.T, text string) (rows []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// TestFlowColumns checks that rows about a connection have what conn has of it, whatever the
// number of shards.
func TestFlowColumns(t *testing.T) {
	captures, err := filepath.Glob("../testdata/*.pcap*")
	if err != nil || len(captures) < 3 {
		t.Fatal(captures, err)
	}
	captures = slices.DeleteFunc(captures, func(p string) bool { return strings.Contains(p, "damaged") })
	var first outcome
	for _, shards := range []int{1, 2, 8} {
		got := runOn(t, captures, func(o *Options) {
			o.Shards, o.Format, o.EventsFile = shards, FormatJSON, ""
			// Those two are about the process.
			o.Logs, o.Columns = []string{"all", "-sensor", "-stats"}, []string{"all", "-validation"}
			o.Dissect.Packet.IgnoreChecksums = true
		})
		if got.err != nil {
			t.Fatal(got.err)
		}
		if shards == 1 {
			first = got
		} else if !maps.Equal(got.files, first.files) {
			t.Errorf("%d shards write other files", shards)
		}
	}
	same := []string{"community_id", "orig_l2_addr", "vlan", "inner_vlan", "source_file", "source_interface", "source_packet"}
	conns := map[any]map[string]any{}
	for _, r := range jsonRows(t, first.files["conn.log"]) {
		conns[r["uid"]] = r
		if r["community_id"] == nil || r["source_file"] == nil || r["source_packet"] == nil {
			t.Fatalf("conn.log: %v", r)
		}
	}
	compared, logs := 0, 0
	for name, text := range first.files {
		log, ok := strings.CutSuffix(name, ".log")
		s := schemas.Lookup(log)
		if !ok || s == nil || log == "conn" || !slices.ContainsFunc(s.Fields, func(f schemas.Field) bool { return f.Group == schemas.GroupSource }) {
			continue
		}
		logs++
		for _, r := range jsonRows(t, text) {
			c := conns[r["uid"]]
			if c == nil {
				if r["community_id"] != nil {
					t.Errorf("%s: without a connection: %v", name, r)
				}
				continue
			}
			compared++
			for _, column := range same {
				if r[column] != c[column] {
					t.Errorf("%s: %s is %v, in conn.log %v: %v", name, column, r[column], c[column], r)
				}
			}
			if mac := r["resp_l2_addr"]; mac != nil && mac != c["resp_l2_addr"] {
				t.Errorf("%s: resp_l2_addr is %v, in conn.log %v", name, mac, c["resp_l2_addr"])
			}
		}
	}
	if compared < 100 || logs < 20 {
		t.Errorf("%d rows of %d logs compared", compared, logs)
	}
}

// TestSourceColumns has the origins of connections in several captures, read one after
// another, merged, filtered and through other sources.
func TestSourceColumns(t *testing.T) {
	ng, plain := "../testdata/two-interfaces.pcapng", "../testdata/dns.pcap"
	for _, c := range []struct {
		paths  []string
		change func(*Options)
	}{
		{paths: []string{plain}},
		{paths: []string{plain, ng}},
		{paths: []string{plain, ng}, change: func(o *Options) { o.Merge = true }},
		{paths: []string{plain}, change: func(o *Options) { o.Filter = "udp" }},
	} {
		out := runOn(t, c.paths, func(o *Options) {
			o.Format, o.EventsFile, o.Columns, o.Logs = FormatJSON, "", []string{"source"}, []string{"conn"}
			if c.change != nil {
				c.change(o)
			}
		})
		if out.err != nil {
			t.Fatal(out.err)
		}
		numbers := map[string]map[float64]bool{}
		for _, r := range jsonRows(t, out.files["conn.log"]) {
			file, _ := r["source_file"].(string)
			num, _ := r["source_packet"].(float64)
			if numbers[file] == nil {
				numbers[file] = map[float64]bool{}
			}
			if !slices.Contains(c.paths, file) || num < 1 || numbers[file][num] {
				t.Errorf("%q: %v", c.paths, r)
			}
			numbers[file][num] = true
			if _, ok := r["source_interface"]; ok != strings.HasSuffix(file, "ng") {
				t.Errorf("%q: interface: %v", c.paths, r)
			}
		}
	}
}
