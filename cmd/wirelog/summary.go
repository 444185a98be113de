package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wirelog/wirelog/internal/printable"
	"github.com/wirelog/wirelog/pipeline"
)

// usage is what the process has used.
type usage struct {
	CPU time.Duration // user and system
	// PeakMemory is the largest resident memory in bytes, or 0 if unknown.
	PeakMemory uint64
}

// writeSummaryText writes the summary for people: first what was read and where the rows
// are, then what was left out, losses first.
func writeSummaryText(w io.Writer, s *pipeline.Summary, u usage) error {
	var t table
	if s.Capture != "" {
		t.add("capture", printable.Text(s.Capture))
	}
	addRows(&t, s)
	if !s.FirstPacket.IsZero() {
		t.add("time", span(s.FirstPacket, s.LastPacket))
	}
	if s.Hosts > 0 {
		hosts := grouped(uint64(s.Hosts))
		if s.MoreHosts {
			hosts = "more than " + hosts
		}
		t.add("hosts", hosts)
	}
	if len(s.Services) > 0 {
		t.add("services", counts(s.Services))
	}
	if s.Mirrored > 0 {
		t.add("mirror", plural(s.Mirrored, "packet")+" taken out of tunnels")
	}
	for i := range s.Interfaces {
		t.add("interface", interfaceLine(&s.Interfaces[i]))
	}
	t.add("traffic", fmt.Sprintf("%s, %s, %s", plural(s.Packets, "packet"), plural(s.Bytes, "byte"), plural(s.Connections, "connection")))
	if s.Filter != "" {
		t.add("filter", printable.Text(s.Filter))
	}
	addLeftOut(&t, s)
	took := []string{
		seconds(s.Elapsed) + ", " + seconds(u.CPU) + " CPU", plural(uint64(s.Shards), "shard"), grouped(u.PeakMemory>>20) + " MB",
	}
	if s.Elapsed > 0 {
		took = append(took, perSecond(s.Packets, s.Elapsed, "packets/s"))
		if n := s.Bytes / 1_000_000; n > 0 {
			took = append(took, perSecond(n, s.Elapsed, "MB/s"))
		}
	}
	t.add("took", strings.Join(took, ", "))
	return t.write(w, terminalWidth(w))
}

// interfaceLine says what was taken from an interface.
func interfaceLine(i *pipeline.InterfaceStats) string {
	text := fmt.Sprintf("%s: %s captured", i.Name, plural(i.Kernel, "packet"))
	switch i.Filter {
	case pipeline.FilterKernel:
		text += " after the filter, which the kernel ran"
	case pipeline.FilterProgram:
		text += ", filtered here"
	}
	for _, r := range []struct {
		n    uint64
		what string
	}{
		{i.Coalesced, "put together of several before they were captured"},
		{i.Echoes, "copies on the loopback interface"},
		{i.Strange, "of an unknown link layer"},
		{i.NoHardwareTime, "without the card's time stamp"},
	} {
		if r.n != 0 {
			text += fmt.Sprintf(", %s %s", grouped(r.n), r.what)
		}
	}
	if i.Gone != 0 {
		text += ", gone or down " + times(i.Gone)
	}
	return text
}

// addRows says where the rows are, an output at a time.
func addRows(t *table, s *pipeline.Summary) {
	places := s.Outputs
	if len(places) == 0 {
		places = []pipeline.Place{{}}
	}
	for i, o := range places {
		var logs []pipeline.NameCount
		var rows uint64
		for _, l := range s.Logs {
			if l.Output == o.Name || l.Output == "" && i == 0 {
				logs = append(logs, pipeline.NameCount{Name: l.Log, Count: l.Written})
				rows += l.Written
			}
		}
		text := grouped(rows)
		if rows == 0 {
			text = "none"
		}
		switch {
		case o.Where == "-":
			text += " to standard output"
		case o.Where != "":
			text += " in " + printable.Text(o.Where)
		}
		if o.Where != "" {
			text += " (" + o.Name + ")"
		}
		if rows > 0 {
			text += ": " + counts(logs)
		}
		t.add("rows", text)
	}
}

// counts lists names by how often they occur.
func counts(list []pipeline.NameCount) string {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b pipeline.NameCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	var parts []string
	for _, c := range list {
		parts = append(parts, c.Name+" "+grouped(c.Count))
	}
	return strings.Join(parts, ", ")
}

// span formats the times between which packets were captured.
func span(first, last time.Time) string {
	const layout = "2006-01-02 15:04:05"
	first, last = first.UTC(), last.UTC()
	end := last.Format(layout)
	if first.Format(time.DateOnly) == last.Format(time.DateOnly) {
		end = last.Format(time.TimeOnly)
	}
	d := last.Sub(first)
	if d >= time.Second {
		d = d.Round(time.Second)
	}
	return fmt.Sprintf("%s to %s UTC, %s", first.Format(layout), end, d)
}

// packetReasons say why packets were left out, and what can be done.
var packetReasons = map[string]string{
	"filter":            "excluded by --filter",
	"mirror_fragment":   "fragments in a mirror's tunnel, put together to others",
	"bad_tcp_checksum":  "wrong TCP checksum: -C takes them",
	"bad_udp_checksum":  "wrong UDP checksum: -C takes them",
	"bad_icmp_checksum": "wrong ICMP checksum: -C takes them",
	"bad_checksum":      "wrong IP checksum: -C takes them",
	"partial_checksum":  "partial checksum, of a host that leaves them to its network card: --checksums auto takes them",
	"no_length":         "no length, of a host that leaves it to its network card: --checksums auto takes them",
	"truncated":         "headers not captured whole: capture with a larger snapshot length",
	"truncated_header":  "TCP, UDP or ICMP header not captured whole: capture with a larger snapshot length",
	"fragment_cut":      "fragment not captured whole: capture with a larger snapshot length",
	"malformed":         "malformed headers",
	"unknown_protocol":  "neither IP nor ARP: nothing to log",
	"not_data":          "frames that carry no data: nothing to log",
	"depth":             "in too many tunnels within each other",
	"unknown_link_type": "unknown link type",
	"empty":             "without data",
	"interrupted":       "read but not analyzed, because the run was interrupted",
}

// reasonWords says in words what a reason of a drop is.
func reasonWords(reason string) string { return strings.ReplaceAll(reason, "_", " ") }

// addLeftOut says what was left out: losses, packets, limits, and rows that nobody misses.
func addLeftOut(t *table, s *pipeline.Summary) {
	var limits, repeats, excluded []pipeline.NameCount
	var rest [][2]string
	for _, i := range s.Interfaces {
		if i.Dropped != 0 {
			t.add("LOST", fmt.Sprintf("%s of %s: the ring was full, %s", plural(i.Dropped, "packet"), i.Name, times(i.Full)))
		}
		if i.Left != 0 {
			t.add("LOST", fmt.Sprintf("%s of %s: captured, and not read before the end", plural(i.Left, "packet"), i.Name))
		}
	}
	for _, m := range s.Marks {
		if m.Bad {
			t.add("LOST", fmt.Sprintf("%s: %s %s", m.Where, grouped(m.Count), m.Name))
		} else {
			rest = append(rest, [2]string{"outputs", fmt.Sprintf("%s: %s %s", m.Where, grouped(m.Count), m.Name)})
		}
	}
	for _, d := range s.Dropped {
		why := d.Reason
		if known := packetReasons[d.Reason]; d.Unit == pipeline.UnitPacket && known != "" {
			why = known
		}
		c := pipeline.NameCount{Name: d.Where, Count: d.Count}
		switch {
		case d.Count == 0:
		case d.Unit == pipeline.UnitState && d.Where == "fragments" && d.Reason == "expired":
			rest = append(rest, [2]string{"left out", plural(d.Count, "datagram") + " of which not all fragments came"})
		case d.Unit == pipeline.UnitState && d.Where == "KRB" && d.Reason == "no_key":
			rest = append(rest, [2]string{"left out", "the clients of " + plural(d.Count, "Kerberos ticket") + " that no key of the keytab fits"})
		case d.Lost && d.Unit == pipeline.UnitState && d.Reason == "limit":
			t.add("LOST", fmt.Sprintf("%s ended early because of their limit: %s", d.Where, grouped(d.Count)))
		case d.Lost && d.Unit == pipeline.UnitPacket:
			t.add("LOST", plural(d.Count, "packet")+": "+why)
		case d.Lost:
			t.add("LOST", fmt.Sprintf("%s of %s: %s", plural(d.Count, unitWord(d.Unit)), d.Where, reasonWords(d.Reason)))
		case d.Unit == pipeline.UnitPacket:
			rest = append(rest, [2]string{"left out", plural(d.Count, "packet") + ": " + why})
		case d.Unit == pipeline.UnitState && d.Reason == "limit":
			limits = append(limits, c)
		case d.Unit == pipeline.UnitState:
			limits = append(limits, pipeline.NameCount{Name: d.Reason + " of " + d.Where, Count: d.Count})
		case d.Unit == pipeline.UnitByte && d.Where == "reassembly":
			rest = append(rest, [2]string{"left out", plural(d.Count, "byte") + " of streams, after gaps or where nobody needs them"})
		case d.Unit == pipeline.UnitRecord && (d.Reason == "repeated" || d.Reason == "sampled"):
			repeats = append(repeats, c)
		case d.Unit == pipeline.UnitRecord && d.Reason == "filtered":
			excluded = append(excluded, c)
		default:
			rest = append(rest, [2]string{"left out", fmt.Sprintf("%s of %s: %s", plural(d.Count, unitWord(d.Unit)), d.Where, reasonWords(d.Reason))})
		}
	}
	for _, p := range s.Panics {
		t.add("LOST", fmt.Sprintf("what the analyzer %s saw of %s after a panic", p.Analyzer, plural(p.Count, "connection")))
	}
	for _, r := range []struct {
		n    uint64
		what string
	}{
		{s.Records.Cut, "not captured whole: what is cut off is not analyzed"}, {s.Records.Empty, "without data"},
		{s.Records.OverOriginal, "with more captured than their original length: taken as they are"},
		{s.Records.CutToSnaplen, "over the snapshot length of the file: cut to it"},
		{s.Checksums.Taken, "with a partial checksum: taken"},
		{s.Clock.Backwards, "earlier than one before: taken"},
		{s.Clock.JumpsHeld, "far ahead in time of all others: taken, the clock does not follow"},
		{s.Clock.Clamped, "with a time out of range: set to the nearest possible"},
	} {
		if r.n != 0 {
			rest = append(rest, [2]string{"odd", plural(r.n, "packet") + " " + r.what})
		}
	}
	for _, r := range rest {
		t.add(r[0], r[1])
	}
	if len(limits) > 0 {
		t.add("limits", limitLine(limits))
	}
	if len(repeats) > 0 {
		t.add("repeats", counts(repeats)+": rows like earlier ones, which Zeek does not write either; no loss")
	}
	if len(excluded) > 0 {
		t.add("filtered", counts(excluded)+": rows that the conditions of outputs exclude")
	}
}

// limitLine is about the limits of analyzers that were reached: rows are written, without
// what is beyond the limit.
func limitLine(limits []pipeline.NameCount) string {
	most := slices.MaxFunc(limits, func(a, b pipeline.NameCount) int { return cmp.Compare(a.Count, b.Count) })
	text := fmt.Sprintf("%s reached, %s; what is beyond is not in the rows: \"wirelog config\" lists the limits, --summary json all that were reached",
		most.Name, times(most.Count))
	if n := len(limits); n > 1 {
		text = fmt.Sprintf("%d reached, most often %s, %s; what is beyond is not in the rows: \"wirelog config\" lists the limits, --summary json all that were reached",
			n, most.Name, times(most.Count))
	}
	return text
}

func times(n uint64) string {
	if n == 1 {
		return "once"
	}
	return grouped(n) + " times"
}

// unitWord is what people call a unit.
func unitWord(u pipeline.Unit) string {
	if u == pipeline.UnitRecord {
		return "row"
	}
	return string(u)
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
