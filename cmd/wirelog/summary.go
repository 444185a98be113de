package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// usage is what the process has used.
type usage struct {
	CPU time.Duration // user and system
	// PeakMemory is the largest resident memory in bytes, or 0 if unknown.
	PeakMemory uint64
}

func writeSummaryText(w io.Writer, s *pipeline.Summary, u usage) error {
	type row struct{ name, value, note string }
	var rows []row
	count := func(name string, n uint64, note string) { rows = append(rows, row{name, grouped(n), note}) }
	if s.Capture != "" {
		rows = append(rows, row{"capture", "", s.Capture})
	}
	count("packets", s.Packets, perSecond(s.Packets, s.Elapsed, "packets/s"))
	count("bytes", s.Bytes, perSecond(s.Bytes/1_000_000, s.Elapsed, "MB/s"))
	count("connections", s.Connections, "")
	count("events", s.Events, "")
	for _, r := range []struct {
		n    uint64
		note string
	}{
		{s.Records.Empty, "without data"}, {s.Records.Cut, "not captured whole"},
		{s.Records.OverOriginal, "with more captured than their original length"},
		{s.Records.CutToSnaplen, "over the snapshot length of the file, cut to it"},
		{s.Checksums.Taken, "taken with a partial checksum"},
	} {
		if r.n != 0 {
			count("odd packets", r.n, r.note)
		}
	}
	for _, l := range s.Logs {
		count(l.Log+" rows", l.Written, l.Output)
	}
	for _, m := range s.Marks {
		count(m.Name, m.Count, m.Where)
	}
	for _, d := range s.Dropped {
		if d.Count == 0 {
			continue
		}
		note := d.Where + ": " + d.Reason
		if d.Lost {
			note += " (lost)"
		}
		count("dropped "+string(d.Unit)+"s", d.Count, note)
	}
	for _, p := range s.Panics {
		count("panics", p.Count, p.Analyzer)
	}
	rows = append(rows, row{"time", seconds(s.Elapsed), fmt.Sprintf("%s CPU, %s, %s MB",
		seconds(u.CPU), plural(uint64(s.Shards), "shard"), grouped(u.PeakMemory>>20))})

	names, values := 0, 0
	for _, r := range rows {
		names, values = max(names, len(r.name)), max(values, len(r.value))
	}
	var b strings.Builder
	for _, r := range rows {
		line := fmt.Sprintf("%-*s  %*s  %s", names, r.name, values, r.value, r.note)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeSummaryJSON writes one JSON object: the fields of pipeline.Summary under their
// JSON names, then elapsed_seconds, cpu_seconds and peak_memory_bytes. All keys except
// the packet times are always present; empty lists are [].
func writeSummaryJSON(w io.Writer, sum *pipeline.Summary, u usage) error {
	s := *sum
	s.Logs = notNil(s.Logs)
	s.Dropped = notNil(s.Dropped)
	s.Marks = notNil(s.Marks)
	s.Panics = notNil(s.Panics)
	s.Damage = notNil(s.Damage)
	s.Checksums.Offloading = notNil(s.Checksums.Offloading)
	return json.NewEncoder(w).Encode(struct {
		pipeline.Summary
		Elapsed    float64 `json:"elapsed_seconds"`
		CPU        float64 `json:"cpu_seconds"`
		PeakMemory uint64  `json:"peak_memory_bytes"`
	}{s, s.Elapsed.Seconds(), u.CPU.Seconds(), u.PeakMemory})
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func perSecond(n uint64, d time.Duration, unit string) string {
	if d <= 0 {
		return ""
	}
	return grouped(uint64(float64(n)/d.Seconds())) + " " + unit
}

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + " s" }

func plural(n uint64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return grouped(n) + " " + unit
}

// grouped formats n with commas between groups of three digits.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
