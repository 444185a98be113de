package schemas

import "github.com/wirelog/wirelog/value"

// CaptureLoss is an interval of the run, with the acknowledgements of TCP data in it that
// reveal missing bytes.
//
//wirelog:log capture_loss optional
type CaptureLoss struct {
	// End of the interval.
	TS value.Time `zeek:"ts"`
	// Length of the interval, in seconds.
	TSDelta value.Interval `zeek:"ts_delta"`
	// Name of the sensor.
	Peer string `zeek:"peer"`
	// Acknowledgements of bytes that were not captured.
	Gaps uint64 `zeek:"gaps"`
	// Acknowledgements of something new, on established connections.
	Acks uint64 `zeek:"acks"`
	// Gaps as a percentage of acks.
	PercentLost float64 `zeek:"percent_lost"`
}

// Stats is an interval of the run, with what was done in it and what there is at its end.
//
//wirelog:log stats optional
type Stats struct {
	// End of the interval.
	TS value.Time `zeek:"ts"`
	// Name of the sensor.
	Peer string `zeek:"peer"`
	// Memory in use, in MB.
	Mem uint64 `zeek:"mem"`
	// Packets dissected.
	PktsProc uint64 `zeek:"pkts_proc"`
	// Captured bytes of these packets.
	BytesRecv uint64 `zeek:"bytes_recv"`
	// Packets that the kernel dropped; only of live traffic, as are the next three.
	PktsDropped value.Opt[uint64] `zeek:"pkts_dropped"`
	// Packets that the kernel saw.
	PktsLink value.Opt[uint64] `zeek:"pkts_link"`
	// Time between the clock and that of the latest packet.
	PktLag value.Opt[value.Interval] `zeek:"pkt_lag"`
	// Packets that the filter left out.
	PktsFiltered value.Opt[uint64] `zeek:"pkts_filtered"`
	// Events raised.
	EventsProc uint64 `zeek:"events_proc"`
	// The same, since events do not wait.
	EventsQueued uint64 `zeek:"events_queued"`
	// Open TCP connections.
	ActiveTCPConns uint64 `zeek:"active_tcp_conns"`
	// Open UDP flows.
	ActiveUDPConns uint64 `zeek:"active_udp_conns"`
	// Open ICMP flows.
	ActiveICMPConns uint64 `zeek:"active_icmp_conns"`
	// TCP connections begun.
	TCPConns uint64 `zeek:"tcp_conns"`
	// UDP flows begun.
	UDPConns uint64 `zeek:"udp_conns"`
	// ICMP flows begun.
	ICMPConns uint64 `zeek:"icmp_conns"`
	// Never set: timers are not counted as in Zeek.
	Timers value.Opt[uint64] `zeek:"timers"`
	// Never set.
	ActiveTimers value.Opt[uint64] `zeek:"active_timers"`
	// Files begun.
	Files uint64 `zeek:"files"`
	// Files that are being analyzed.
	ActiveFiles uint64 `zeek:"active_files"`
	// Never set: lookups of Zeek's own, which there are none of.
	DNSRequests value.Opt[uint64] `zeek:"dns_requests"`
	// Never set.
	ActiveDNSRequests value.Opt[uint64] `zeek:"active_dns_requests"`
	// Bytes that the reassembly of TCP streams holds.
	ReassemTCPSize uint64 `zeek:"reassem_tcp_size"`
	// Bytes that the reassembly of files holds.
	ReassemFileSize uint64 `zeek:"reassem_file_size"`
	// Bytes that the reassembly of fragments holds.
	ReassemFragSize uint64 `zeek:"reassem_frag_size"`
	// Never set: there is no other reassembly.
	ReassemUnknownSize value.Opt[uint64] `zeek:"reassem_unknown_size"`
}

// Sensor is the state of the sensor: at its start, each minute, and at its end.
//
//wirelog:log sensor optional
type Sensor struct {
	// Time on the clock of the sensor.
	TS value.Time `zeek:"ts"`
	// Name of the sensor.
	Sensor string `zeek:"sensor"`
	// What the row is for: start, running or end.
	Status string `zeek:"status"`
	// Version of the program.
	Version string `zeek:"version"`
	// Hash of the configuration; secrets are no part of it.
	Config string `zeek:"config"`
	// Time since the start, in seconds.
	Uptime value.Interval `zeek:"uptime"`
	// Packets read.
	Packets uint64 `zeek:"packets"`
	// Packets left out, those that the filter excludes not counted.
	Drops uint64 `zeek:"drops"`
	// Time between the clock and that of the latest packet; only of live traffic.
	Lag value.Opt[value.Interval] `zeek:"lag"`
	// Rows written, to all outputs.
	Rows uint64 `zeek:"rows"`
	// Rows lost, of all outputs.
	RowsLost uint64 `zeek:"rows_lost"`
	// Bytes in the spools of the outputs.
	Spool uint64 `zeek:"spool"`
}
