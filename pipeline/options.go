// Package pipeline puts the parts together: it reads captures, dissects them on
// one or several shards, builds the logs and writes them. Run is the whole of
// what "wirelog read" does, for the command and for programs that embed it.
package pipeline

import (
	"io"
	"net/netip"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/file/files"
)

// Formats of log files; OutputTypes has all types of outputs.
const (
	FormatTSV     = "tsv"     // Zeek's tab-separated form
	FormatJSON    = "json"    // Zeek's JSON form, one object a line
	FormatParquet = "parquet" // Parquet files in a tree of partitions
	FormatArrow   = "arrow"   // Arrow IPC files or streams
)

// Formats lists the values of Options.Format.
func Formats() []string { return []string{FormatTSV, FormatJSON, FormatParquet, FormatArrow} }

// Forms of times in JSON logs.
const (
	TimestampsEpoch   = "epoch"   // seconds, a double
	TimestampsMillis  = "millis"  // milliseconds, a signed integer
	TimestampsISO8601 = "iso8601" // 2006-01-02T15:04:05.000000Z
)

// TimestampForms lists the values of Options.JSONTimestamps.
func TimestampForms() []string {
	return []string{TimestampsEpoch, TimestampsMillis, TimestampsISO8601}
}

// Sides of connections whose contents are delivered as events (Zeek's
// tcp_content_deliver_all_orig, tcp_content_deliver_all_resp and their UDP kin).
const (
	ContentsNone = "none"
	ContentsOrig = "orig"
	ContentsResp = "resp"
	ContentsBoth = "both"
)

// Analyzers lists the values of Options.Analyzers.
func Analyzers() []string { return append(dissect.AnalyzerNames(), dissect.NoAnalyzers) }

// Options say what a run reads, what it writes and within which bounds. Start
// from Defaults: a zero limit or timeout is not replaced by its default.
type Options struct {
	// Paths are the captures, read in this order as one run. A directory stands
	// for the captures in it, "-" for Stdin.
	Paths []string
	// Stdin is read where Paths has "-".
	Stdin io.Reader
	// Source makes the source of packets if Paths is empty, by way of
	// capture.FromPackets, capture.FromGopacket or a type of the caller's own. It
	// is passed Filter. The run closes the source. Stdin and Progress have no
	// effect on it.
	Source func(capture.BatcherOptions) (capture.Source, error)
	// Filter is a BPF expression; packets that do not match are left out. Empty
	// takes every packet.
	Filter string
	// NoChecksums takes packets whose checksum is wrong like any others.
	NoChecksums bool

	// Outputs are where records go; each may take other logs. When there are none,
	// the run has one output, to the folder OutputDir or the file OutputPath
	// in the form Format.
	Outputs []Output
	// OutputDir is where log files go. It is created if missing.
	OutputDir string
	// OutputPath is the file of the only log that Logs names, instead of OutputDir;
	// "-" is standard output.
	OutputPath string
	// Kafka are the addresses of brokers that take the records instead of files, in
	// the form that defaults of outputs of type kafka give them.
	Kafka []string
	// Format is FormatTSV or FormatJSON.
	Format string
	// JSONTimestamps is the form of times in JSON, one of TimestampForms.
	JSONTimestamps string
	// Logs names the logs to write; none means all that are not optional.
	// OptionalLogs are written beside them.
	Logs, OptionalLogs []string
	// Columns names the groups of optional columns to add, of schemas.GroupNames.
	Columns []string
	// RootCerts is a PEM file of the root certificates that the columns "validation" go
	// by, or SystemRootCerts.
	RootCerts string
	// OpenTime stands for the wall clock in #open and #close, so that output can
	// be made again byte for byte. Zero means the wall clock.
	OpenTime time.Time

	// Sensor is the name of this sensor where outputs tell it; empty stands for
	// the host's name.
	Sensor string
	// Version is the program's version where outputs tell it.
	Version string

	// Analyzers names the analyzers of application protocols to use, of
	// Analyzers(); none means all, "none" alone none.
	Analyzers []string

	// Contents asks for tcp_contents and udp_contents events: ContentsNone,
	// ContentsOrig, ContentsResp or ContentsBoth says for which side of connections.
	Contents string

	// EventsFile receives every event raised as a JSON line; "-" is standard
	// output. Empty writes none.
	EventsFile string
	// EventNames are glob patterns of the events to write; none means all.
	EventNames []string

	// Shards is how many goroutines dissect; 0 means one a core. The output does
	// not depend on it.
	Shards int
	// Seed keys the uids: the same seed gives the same uids for the same
	// capture. Empty is a random seed.
	Seed string

	// LocalNets are the networks that count as local in local_orig and local_resp.
	LocalNets []netip.Prefix
	// Files says what is done with the files that protocols transfer.
	Files    Files
	Limits   Limits
	Timeouts Timeouts
	Weird    WeirdSampling

	// Notice, if set, is called with a line about something a user should know
	// that is no error, such as a file in a folder that is no capture. It may be
	// called from any goroutine.
	Notice func(msg string)
	// Progress, if set, is called now and then from the reading goroutine with
	// the bytes of capture file read so far and the sum of the file sizes, which
	// is 0 if a source has none. It must not block.
	Progress func(done, total int64)
}

// Files says what is done with the files that protocols transfer, beside a row in
// files.log. The tags are as those of Limits.
type Files struct {
	Hash         []string `key:"hash" flag:"hash" doc:"hashes of every transferred file: md5, sha1, sha256"`
	Extract      []string `key:"extract" flag:"extract" doc:"media types of the files to write to disk, such as application/*; none if not given"`
	ExtractDir   string   `key:"extract_dir" flag:"extract-dir" doc:"folder for extracted files, created if needed"`
	ExtractLimit int      `key:"extract_limit" flag:"extract-limit" min:"0" doc:"bytes after which an extracted file is cut off; 0 is no limit (FileExtract::default_limit)"`
}

// Hashes lists the values of Files.Hash.
func Hashes() []string { return files.HashNames() }

// Limits cap what grows with traffic. What a limit cuts off is counted in
// Summary and, where traffic caused it, logged as a weird. Limits "in all" are
// divided evenly among the shards. The key tags are the names in configuration
// files, min tags the least values that work, the doc tags what the limits mean.
type Limits struct {
	Connections       int `key:"connections" min:"1" doc:"connections held at once, in all; beyond it the oldest half-open one is ended, then the oldest"`
	ReassemblyBytes   int `key:"reassembly_bytes" min:"1" doc:"bytes of out-of-order stream data held at once, in all; beyond it a gap is declared"`
	ReassemblyBlocks  int `key:"reassembly_blocks" min:"1" doc:"separate blocks of out-of-order data held for one direction of a connection"`
	ExcessiveData     int `key:"tcp_excessive_data_without_further_acks" min:"1" doc:"bytes held for one direction of a connection before its stream is given up"`
	AboveHole         int `key:"tcp_max_above_hole_without_any_acks" doc:"bytes held above a hole while no acknowledgements are seen; 0 is no bound"`
	InitialWindow     int `key:"tcp_max_initial_window" doc:"bytes that may plausibly be sent before any acknowledgement; more means that acknowledgements are not seen"`
	FragmentBytes     int `key:"fragment_bytes" min:"1" doc:"bytes of IP fragments held at once, in all; beyond it the oldest datagram is dropped"`
	FragmentDatagrams int `key:"fragment_datagrams" min:"1" doc:"incomplete IP datagrams held at once, in all"`
	FilesOpen         int `key:"files_open" min:"1" doc:"transferred files under way at once, in all; beyond it the oldest is ended"`
	FilesPerConn      int `key:"files_per_connection" min:"1" doc:"transferred files under way at once that one connection began; more are not analyzed"`
	FileReassembly    int `key:"file_reassembly_buffer_size" min:"1" doc:"bytes of one file held that wait for earlier ones; beyond it a gap is declared (Files::reassembly_buffer_size)"`
	ExtractOpen       int `key:"extract_open" min:"1" doc:"extracted files written at once, in all; more are not extracted"`
	MessageBytes      int `key:"incomplete_message_bytes" min:"1" doc:"bytes of incomplete messages of application protocols held at once, in all; beyond it the analyzer of the connection at work lets go of its own"`
	DCERPCCalls       int `key:"dce_rpc_max_cmd_reassembly" min:"1" doc:"fragmented calls of one side of a DCE/RPC connection under way at once; with more it is not looked at any further (DCE_RPC::max_cmd_reassembly)"`
	DCERPCFragment    int `key:"dce_rpc_max_frag_data" min:"1" doc:"bytes of one fragment of a DCE/RPC call; with more the connection is not looked at any further (DCE_RPC::max_frag_data)"`
	FTPPending        int `key:"ftp_max_pending_commands" min:"1" doc:"FTP commands of one connection that wait for replies; more are not logged (FTP::max_pending_commands)"`
	FTPChannels       int `key:"ftp_max_expected_data_channels" min:"1" doc:"announced FTP data connections waited for, in all (FTP::max_expected_data_channels)"`
	IRCTransfers      int `key:"irc_max_dcc_expected_transfers" min:"1" doc:"announced IRC file transfers waited for, in all (IRC::max_dcc_expected_transfers)"`
	POP3Pending       int `key:"pop3_max_pending_commands" min:"1" doc:"POP3 commands of one connection that wait for replies; beyond it the oldest is forgotten (POP3::max_pending_commands)"`
	SMBPending        int `key:"smb_max_pending_messages" min:"1" doc:"SMB requests of one connection that wait for replies; beyond it all are forgotten (SMB::max_pending_messages)"`
	SMBFiles          int `key:"smb_open_files" min:"1" doc:"open files of one SMB connection; beyond it all are forgotten"`
	SMBTrees          int `key:"smb_trees" min:"1" doc:"connected trees of one SMB connection; beyond it all are forgotten"`
	SMBPipes          int `key:"smb_max_dce_rpc_analyzers" min:"1" doc:"open named pipes of one SMB connection; beyond it all are forgotten (SMB::max_dce_rpc_analyzers)"`
	SMTPPending       int `key:"smtp_pending_commands" min:"1" doc:"SMTP commands of one connection that wait for replies; beyond it all are forgotten"`
	LineBytes         int `key:"incomplete_line_bytes" min:"1" doc:"bytes of lines of HTTP, FTP, SMTP and POP3 whose end has not come held at once, in all; beyond it lines are cut"`
	MIMEDepth         int `key:"mime_max_depth" min:"1" doc:"parts within parts of a mail or HTTP message that are taken apart (MIME::max_depth)"`
	MIMEHeader        int `key:"mime_max_header_bytes" min:"1" doc:"bytes of a folded header of a mail or HTTP message; further lines of it are ignored (MIME::max_header_bytes)"`
	SSHLine           int `key:"ssh_line_bytes" min:"1" doc:"bytes of an SSH version line, and of a line before it; with more the connection is not looked at any further"`
	SSHPreamble       int `key:"ssh_preamble_bytes" min:"1" doc:"bytes of lines before an SSH server's version line; with more the connection is not looked at any further"`
	SSHPacket         int `key:"ssh_packet_bytes" min:"1" doc:"bytes of an SSH packet before encryption begins; with more the connection is not looked at any further"`
	SSHNames          int `key:"ssh_max_kexinit_names" min:"1" doc:"names of one list of an SSH key exchange that are looked at (SSH::max_kexinit_*)"`
	TLSHandshake      int `key:"ssl_handshake_bytes" min:"1" doc:"bytes of a TLS handshake message; a longer one is skipped"`
	TLSCertificates   int `key:"ssl_certificates" min:"1" doc:"certificates of a chain that are looked at"`
	TLSExtensions     int `key:"ssl_extensions" min:"1" doc:"extensions of a TLS hello that are looked at"`
	TLSAlerts         int `key:"ssl_max_alerts_per_record" min:"1" doc:"alerts of a TLS record that are told of (SSL::max_alerts_per_record)"`
	X509Bytes         int `key:"x509_bytes" min:"1" doc:"bytes of a certificate or OCSP message; a longer one is not looked at"`
	X509Extensions    int `key:"x509_extensions" min:"1" doc:"extensions of a certificate or OCSP message; one with more is not looked at"`
	FieldBytes        int `key:"log_field_string_bytes" min:"0" doc:"bytes of one string that a row may have; 0 is no bound, as in HTTP rows (Log::default_max_field_string_bytes)"`
	FieldElements     int `key:"log_field_container_elements" min:"0" doc:"elements of one set or vector that a row may have; 0 is no bound (Log::default_max_field_container_elements)"`
	RowBytes          int `key:"log_total_string_bytes" min:"0" doc:"bytes of all strings that a row may have; 0 is no bound (Log::default_max_total_string_bytes)"`
	RowElements       int `key:"log_total_container_elements" min:"0" doc:"elements of all sets and vectors that a row may have; 0 is no bound (Log::default_max_total_container_elements)"`
	TunnelDepth       int `key:"tunnel_max_depth" doc:"tunnels within tunnels that are taken apart; 0 takes none apart (Tunnel::max_depth)"`
	TunnelChanges     int `key:"tunnel_max_changes" doc:"tunnel_changed events of one connection; 0 is no bound (Tunnel::max_changes_per_connection)"`
}

// Timeouts end connections and other state, in packet time. Names and defaults
// are Zeek's; 0 switches a timeout off.
type Timeouts struct {
	TCPSYN              time.Duration `key:"tcp_syn_timeout" doc:"time after the first packet at which a TCP connection is first looked at (tcp_SYN_timeout)"`
	TCPSession          time.Duration `key:"tcp_session_timer" doc:"time between looks at a TCP connection that closed"`
	TCPConnectionLinger time.Duration `key:"tcp_connection_linger" doc:"silence after which a closed TCP connection is over; a new one within it is a weird"`
	TCPAttemptDelay     time.Duration `key:"tcp_attempt_delay" doc:"wait for an answer to a SYN"`
	TCPCloseDelay       time.Duration `key:"tcp_close_delay" doc:"wait after a normal close"`
	TCPResetDelay       time.Duration `key:"tcp_reset_delay" doc:"wait after a RST"`
	TCPPartialClose     time.Duration `key:"tcp_partial_close_delay" doc:"wait after one side of a partial connection closed"`
	TCPInactivity       time.Duration `key:"tcp_inactivity_timeout" doc:"silence that ends a TCP connection"`
	UDPInactivity       time.Duration `key:"udp_inactivity_timeout" doc:"silence that ends a UDP flow"`
	ICMPInactivity      time.Duration `key:"icmp_inactivity_timeout" doc:"silence that ends an ICMP flow"`
	UnknownIPInactivity time.Duration `key:"unknown_ip_inactivity_timeout" doc:"silence that ends a flow of another IP protocol"`
	Interactive         time.Duration `key:"interactive_inactivity_timeout" doc:"silence that ends an FTP, SSH, telnet or rlogin connection (Conn::port_inactivity_timeouts)"`
	Fragment            time.Duration `key:"frag_timeout" doc:"wait for the missing fragments of an IP datagram"`
	File                time.Duration `key:"file_timeout_interval" doc:"silence that ends a transferred file (default_file_timeout_interval)"`
	IPTunnel            time.Duration `key:"ip_tunnel_timeout" doc:"silence that ends a tunnel without a connection, such as GRE (Tunnel::ip_tunnel_timeout)"`
}

// WeirdSampling thins out weirds that repeat, as Zeek's Weird::sampling_* do.
type WeirdSampling struct {
	Threshold int           `key:"sampling_threshold" doc:"weirds of one name that pass before sampling begins"`
	Rate      int           `key:"sampling_rate" doc:"one in this many passes once sampling has begun; 0 passes none"`
	Duration  time.Duration `key:"sampling_duration" doc:"time after which the count of a name starts again"`
}

// Defaults are the options of a run of which nothing is asked: all logs as TSV
// into the current directory, with Zeek's timeouts.
func Defaults() Options {
	return Options{
		OutputDir:      ".",
		Format:         FormatTSV,
		JSONTimestamps: TimestampsEpoch,
		Contents:       ContentsNone,
		LocalNets:      PrivateAddressSpace(),
		Files:          Files{ExtractDir: "extract_files", ExtractLimit: 100 << 20},
		Limits: Limits{
			Connections:       2_000_000,
			ReassemblyBytes:   512 << 20,
			ReassemblyBlocks:  4096,
			ExcessiveData:     10 << 20,
			AboveHole:         16_384,
			InitialWindow:     16_384,
			FragmentBytes:     64 << 20,
			FragmentDatagrams: 32_768,
			FilesOpen:         131_072,
			FilesPerConn:      4096,
			FileReassembly:    512 << 10,
			ExtractOpen:       256,
			MessageBytes:      512 << 20,
			DCERPCCalls:       20,
			DCERPCFragment:    30_000,
			FTPPending:        20,
			FTPChannels:       100_000,
			IRCTransfers:      5000,
			POP3Pending:       10,
			SMBPending:        1000,
			SMBFiles:          65_536,
			SMBTrees:          4096,
			SMBPipes:          1000,
			SMTPPending:       1000,
			LineBytes:         256 << 20,
			MIMEDepth:         100,
			MIMEHeader:        65_536,
			SSHLine:           8 << 10,
			SSHPreamble:       64 << 10,
			SSHPacket:         256 << 10,
			SSHNames:          100,
			TLSHandshake:      1 << 20,
			TLSCertificates:   100,
			TLSExtensions:     256,
			TLSAlerts:         10,
			X509Bytes:         1 << 20,
			X509Extensions:    1024,
			FieldBytes:        4096,
			FieldElements:     100,
			RowBytes:          256_000,
			RowElements:       500,
			TunnelDepth:       4,
			TunnelChanges:     5,
		},
		Timeouts: Timeouts{
			TCPSYN:              5 * time.Second,
			TCPSession:          6 * time.Second,
			TCPConnectionLinger: 5 * time.Second,
			TCPAttemptDelay:     5 * time.Second,
			TCPCloseDelay:       5 * time.Second,
			TCPResetDelay:       5 * time.Second,
			TCPPartialClose:     3 * time.Second,
			TCPInactivity:       5 * time.Minute,
			UDPInactivity:       time.Minute,
			ICMPInactivity:      time.Minute,
			UnknownIPInactivity: time.Minute,
			Interactive:         time.Hour,
			Fragment:            5 * time.Minute,
			File:                2 * time.Minute,
			IPTunnel:            24 * time.Hour,
		},
		Weird: WeirdSampling{
			Threshold: 25,
			Rate:      1000,
			Duration:  10 * time.Minute,
		},
	}
}

// PrivateAddressSpace is the address space that is local by default: what IANA
// sets aside in its special-purpose registries (RFC 6890), the IPv4 blocks also
// in their 6to4 form (RFC 3056), as Zeek's Site::private_address_space has it.
func PrivateAddressSpace() []netip.Prefix {
	list := make([]netip.Prefix, 0, len(private4)*2+len(private6))
	for _, s := range private4 {
		p := netip.MustParsePrefix(s)
		b := p.Addr().As4()
		list = append(list, p, netip.PrefixFrom(
			netip.AddrFrom16([16]byte{0x20, 0x02, b[0], b[1], b[2], b[3]}), 16+p.Bits()))
	}
	for _, s := range private6 {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}

var private4 = []string{
	"0.0.0.0/8",          // this network, RFC 791
	"10.0.0.0/8",         // private use, RFC 1918
	"100.64.0.0/10",      // shared address space, RFC 6598
	"127.0.0.0/8",        // loopback, RFC 1122
	"169.254.0.0/16",     // link local, RFC 3927
	"172.16.0.0/12",      // private use, RFC 1918
	"192.0.0.0/24",       // IETF protocol assignments, RFC 6890
	"192.0.2.0/24",       // documentation, RFC 5737
	"192.168.0.0/16",     // private use, RFC 1918
	"198.18.0.0/15",      // benchmarking, RFC 2544
	"198.51.100.0/24",    // documentation, RFC 5737
	"203.0.113.0/24",     // documentation, RFC 5737
	"224.0.0.0/24",       // multicast, local network control, RFC 5771
	"239.0.0.0/8",        // multicast, administratively scoped, RFC 2365
	"240.0.0.0/4",        // reserved, RFC 1112
	"255.255.255.255/32", // limited broadcast, RFC 919
}

var private6 = []string{
	"::/128",         // unspecified, RFC 4291
	"::1/128",        // loopback, RFC 4291
	"64:ff9b:1::/48", // IPv4-IPv6 translation, RFC 8215
	"100::/64",       // discard-only, RFC 6666
	"2001::/23",      // IETF protocol assignments, RFC 2928
	"2001:2::/48",    // benchmarking, RFC 5180
	"2001:db8::/32",  // documentation, RFC 3849
	"fc00::/7",       // unique local, RFC 4193
	"fe80::/10",      // link local, RFC 4291
	"fec0::/10",      // site local, deprecated, RFC 3879
}
