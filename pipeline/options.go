// Package pipeline combines the parts: it reads captures, dissects them on one
// or several shards, builds the logs and writes them. Run does everything that
// "wirelog read" does, for the command and for programs that embed it:
//
//	o := pipeline.Defaults()
//	o.Paths, o.OutputDir = []string{"day1.pcap"}, "logs"
//	summary, err := pipeline.Run(ctx, o)
//
// A program extends a run through its Options; there is no global registry. Extend adds
// listeners and the program's own events and protocols, Schemas and Builders add logs,
// OutputFactories adds formats and places, Source supplies packets. The examples of this
// package and the module in examples/ show each.
package pipeline

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/wirelog/wirelog/capture"
	"github.com/wirelog/wirelog/compat"
	"github.com/wirelog/wirelog/dissect"
	"github.com/wirelog/wirelog/dissect/file/files"
	"github.com/wirelog/wirelog/logs"
	"github.com/wirelog/wirelog/schemas"
	"github.com/wirelog/wirelog/writers"
)

// Formats of log files. OutputTypes lists all types of outputs.
const (
	FormatTSV     = "tsv"     // Zeek's tab-separated form
	FormatJSON    = "json"    // Zeek's JSON form, one object per line
	FormatParquet = "parquet" // Parquet files in a tree of partitions
	FormatArrow   = "arrow"   // Arrow IPC files or streams
	FormatCSV     = "csv"     // comma-separated values
)

// Formats lists the values of Options.Format: the types of outputs with a short form.
func Formats() []string {
	var names []string
	for i := range outputTypes {
		if outputTypes[i].Short != nil {
			names = append(names, outputTypes[i].Name)
		}
	}
	return names
}

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

// Analyzers lists the names in Options.Dissect.Analyzers.
func Analyzers() []string { return dissect.AnalyzerNames() }

// CompatNames lists the names in Options.Compat: those of releases, and those of single
// differences, which follow a sign.
func CompatNames() []string {
	names := []string{compat.None, compat.Zeek82, compat.Zeek82NoSpicy}
	for _, e := range compat.Effects() {
		names = append(names, e.Name)
	}
	return names
}

// PickAnalyzers returns the analyzers that Options.Dissect.Analyzers chooses.
func PickAnalyzers(list []string) ([]string, error) { return dissect.PickAnalyzers(list) }

// Options say what a run reads, what it writes, and its limits. Start from
// Defaults: a zero limit or timeout is not replaced by its default.
//
// A field's tags describe it for configuration files, as package option defines; the
// fields of Dissect and Rows have theirs in the packages that use them. Limits cap
// what grows with traffic; what they cut off is counted in Summary and, where traffic
// caused it, logged as a weird. Limits marked "in all" are divided evenly among the
// shards.
type Options struct {
	// Paths are the captures, read in this order as one run. A directory stands
	// for the captures in it, "-" for Stdin.
	Paths []string
	// Stdin is read for "-" in Paths.
	Stdin io.Reader
	// Interfaces are what live capture listens to as Listen says, if Paths is empty;
	// the name any alone is all of them.
	Interfaces []string
	Listen     capture.ListenOptions
	// ListenUDP are the ports at which the datagrams of mirrors are received, as
	// capture.ParseUDPMirror reads them, if Paths and Interfaces are empty and Source is nil. Of
	// Listen, what is about interfaces has no effect.
	ListenUDP []string `key:"listen.udp" flag:"listen-udp" doc:"ports at which mirrors send packets in tunnels, instead of interfaces: vxlan:4789, geneve:6081, or with an address, vxlan:192.0.2.1:4789"`
	// CPUs are the cores that shards of live capture are pinned to, one each.
	CPUs string `key:"listen.cpus" flag:"cpus" doc:"cores that shards are pinned to, such as 2-5,8, one each; their number is that of shards if this is not given"`
	// Overload is what live capture leaves out when it is too slow.
	Overload Overload
	// Stop, if set, ends a run in order when it is closed: no more packets are taken, and
	// what has been taken is processed as at the end of a capture.
	Stop <-chan struct{}
	// Control, if set, can change the run. One run at a time has it.
	Control *Control
	// Source makes the source of packets if Paths and Interfaces are empty, with
	// capture.FromPackets, capture.FromGopacket or a type of the caller's own.
	// Filter is passed to it. The run closes the source. Stdin and Progress have
	// no effect on it.
	Source func(capture.BatcherOptions) (capture.Source, error)

	// Follow makes the only one of Paths a folder whose captures are read as they come, as
	// capture.Follow does, until Stop is closed. What has been read is remembered in
	// OutputDir.
	Follow   bool
	Followed capture.FollowOptions

	// Outputs are where records go; each may take different logs. If there are
	// none, the run has one output in the form Format, to the folder OutputDir or
	// the file OutputPath.
	Outputs    []Output
	OutputDir  string `key:"output_dir" is:"path" flag:"output-dir" short:"o" doc:"folder for log files, created if missing"`
	OutputPath string `key:"output" is:"path" flag:"output" doc:"file for the only log that logs names, instead of a folder; - is standard output"`
	// Without Overwrite, a run does not begin if the files of a finished one are in its way.
	Overwrite bool   `key:"overwrite" flag:"overwrite" doc:"replace the files that a finished run has written to the same place, as a set: its plain names, or what the same captures and settings gave"`
	FileMode  string `key:"file_mode" doc:"permissions of log, spool and aside files, in octal; folders can be searched by those who can read the files"`
	// Kafka lists brokers that receive the records, with the default settings of
	// outputs of type kafka, or is a URL: kafka://user@host:9093/?tls&sasl=scram-sha-512.
	Kafka          []string `key:"kafka" flag:"kafka" doc:"Kafka brokers, host:port, that receive the records instead of files, or a URL with keys of outputs of type kafka: kafka://USER@HOST:PORT/?tls&sasl=scram-sha-512&sasl_password_file=FILE"`
	Format         string   `key:"format" flag:"format" short:"f" oneof:"@formats" doc:"format of log files: @formats"`
	JSONTimestamps string   `key:"json_timestamps" flag:"json-timestamps" oneof:"epoch,millis,iso8601" doc:"times in JSON: epoch (seconds), millis or iso8601"`
	Naming         string   `key:"naming" flag:"naming" oneof:"zeek,ecs,ocsf,cim" doc:"names of columns in JSON: zeek, or those of a schema, with values as it requires: ecs, ocsf or cim"`
	// Logs chooses the logs to write; if empty, all that are not optional.
	Logs         []string `key:"logs" flag:"logs" doc:"logs to write: names of logs or protocols such as conn,smb alone, or what differs from the default, such as -weird or +smb_cmd; also default (all but the optional ones), all, none and patterns"`
	OptionalLogs []string `key:"optional_logs" flag:"optional-logs" doc:"logs to write in addition, such as known_modbus; as +known_modbus in logs"`
	// Schemas are logs of the program's own, which Logs may name like those of
	// schemas.All. Builders emit their rows.
	Schemas  []*schemas.Schema
	Builders []logs.Builder
	// Extend, if set, is called once for each shard while the shard is built, and
	// may add to it. An error ends the run before it begins.
	Extend func(x *Extension) error
	// OutputFactories are the program's own types of outputs, for Output.Type and
	// Format. One with the name of a type in OutputTypes replaces it.
	OutputFactories []OutputFactory
	// Columns chooses from schemas.GroupNames.
	Columns []string `key:"columns" flag:"columns" doc:"groups of optional columns to add, such as community-id or ja*; also all, and -NAME after it; none if not given"`
	// RootCerts is a path or SystemRootCerts.
	RootCerts    string        `key:"root_certs" is:"path" flag:"root-certs" doc:"PEM file with the root certificates for the columns of group validation, or system for those of this host"`
	StopDeadline time.Duration `key:"stop_deadline" flag:"stop-deadline" doc:"time to wait at the end of a run for acknowledgements and for programs that finished files are passed to; what is not acknowledged then is lost, and counted; 0s leaves it to the outputs, such as deadline of kafka"`
	StuckAfter   time.Duration `key:"stuck_after" doc:"time that a shard may take for one batch of packets, outputs apart, before the program says where it is and counts as stuck for systemd and /healthz; 0s is no limit"`
	// OpenTime makes output reproducible byte for byte. Zero means the wall clock.
	OpenTime   time.Time `key:"open_time" flag:"open-time" doc:"time to write in #open and #close instead of the clock, as 2006-01-02T15:04:05 (local) or RFC 3339"`
	EventsFile string    `key:"events_file" is:"path" flag:"events" doc:"file that receives every event as a JSON line; - is standard output"`
	EventNames []string  `key:"event_names" flag:"event" doc:"glob patterns of the events to write, such as tcp_*; all if not given"`

	Filter string `key:"filter" flag:"filter" doc:"BPF expression; packets that do not match are ignored"`
	// Mirror lists the tunnels of mirrors, as package mirror names them. What is in them is
	// what is read: Filter, logs and shards see only that.
	Mirror []string `key:"mirror" flag:"mirror" doc:"tunnels in which mirrored traffic comes: vxlan, geneve, erspan, gre, also vxlan:PORT and geneve:PORT; they are taken off before anything else"`
	// Merge is that of capture.Options.
	Merge bool `key:"merge" flag:"merge" doc:"read captures at the same time and merge their packets, and those of the sections and interfaces of each, by time"`
	// Memory is what the process takes at most; see MemoryLimit. The run does not set the
	// runtime's limit, which should be HeapLimit, but its limits in bytes that are left at
	// their defaults are at most shares of it, which are the whole together.
	Memory int `key:"limits.memory" flag:"memory" unit:"bytes" min:"0" doc:"bytes of memory that the program takes in all, rings included: limits that are at their defaults are lowered to shares of it; 0 is 75 % of what its control groups allow or the machine has"`
	// Available, if not 0, is what stands for a Memory of 0: what MemoryLimit has returned before
	// the runtime's limit was set.
	Available int64
	// The output does not depend on Shards.
	Shards int `key:"shards" flag:"shards" unit:"count" min:"0" max:"256" doc:"number of dissecting goroutines; 0 is one per core"`
	// The same Seed gives the same uids for the same capture.
	Seed   string `key:"seed" flag:"seed" secret:"true" doc:"seed of the uids, to make them reproducible; random if not given; never shown"`
	Sensor string `key:"sensor" flag:"sensor" doc:"name of this sensor in outputs; the host's name if not given"`
	// Compat is a text that compat.Parse knows.
	Compat string `key:"compat" flag:"compat" doc:"release of Zeek to follow where wirelog knowingly does better: none or zeek-8.2, and after it +NAME and -NAME of single differences, separated by commas"`
	// Version is the program's version, for outputs that contain it.
	Version string

	// UnknownProtocols is the sampling of unknown_protocol in the event stream, by layer and
	// protocol.
	UnknownProtocols UnknownSampling

	LocalNets []netip.Prefix `key:"local_nets" flag:"local-nets" doc:"networks of the site, such as 192.0.2.0/24, for local_orig and local_resp (Zeek's Site::local_nets)"`

	// Dissect has the options of everything between packets and events. The run sets
	// its seeds and Files.BestType.
	Dissect dissect.Options
	// Rows bounds what one row may hold.
	Rows logs.Limits
	// Reports are the times of rows that no packet gives rise to.
	Reports logs.Reports
	// LDAP has the options of ldap.log and ldap_search.log.
	LDAP logs.LDAPOptions

	// Confine, if set, is called once everything that a run needs is open, before the first
	// byte of input is read and before anything is replaced, so that the program can give up
	// what it does not need. An error ends the run.
	Confine func(Needs) error
	// Command, if set, runs the program of a finished file in place of writers.Command.Run.
	Command func(hurry context.Context, c *writers.Command) error
	// Permit, if set, is asked by Control.Reload whether the program may do what the run would
	// need then. An error refuses the new options.
	Permit func(Needs) error

	// Tally counts hosts and services for the summary. It costs some time and memory for
	// each connection.
	Tally bool

	// Notice, if set, is called with a line about something that a user should
	// know but that is not an error, such as a file in a folder that is not a
	// capture. It may be called from any goroutine.
	Notice func(msg string)
	// Report, if set, is called at once with each error of an output. What lasts or returns
	// is reported again about once a minute, with counts. Without it, the error of Run has
	// them. It is called by one goroutine at a time.
	Report func(err error)
	// Reading, if set, is called before a run reads Paths, with a few words for what they
	// are and in which order they are read, such as "12 captures by first packet".
	Reading func(what string)
	// Status, if set, is called about once a second with the state of the run, and at its end.
	// It is called by one goroutine at a time.
	Status func(Status)
	// Progress, if set, is called from time to time on the reading goroutine
	// with the bytes of capture files read so far and the sum of the file sizes,
	// which is 0 if a source has none. It must not block.
	Progress func(done, total int64)
}

// UnknownSampling is a value.Sampling with the options of Zeek's UnknownProtocol.
type UnknownSampling struct {
	Threshold uint64        `key:"unknown_protocol.sampling_threshold" unit:"count" min:"0" doc:"unknown_protocol events of one layer and protocol that pass before sampling begins (UnknownProtocol::sampling_threshold)"`
	Rate      uint64        `key:"unknown_protocol.sampling_rate" unit:"count" min:"0" doc:"one in this many passes once sampling has begun; 0 passes none (UnknownProtocol::sampling_rate)"`
	Duration  time.Duration `key:"unknown_protocol.sampling_duration" doc:"time after which the count starts again (UnknownProtocol::sampling_duration)"`
}

// Hashes lists the values of Options.Dissect.Files.Hash.
func Hashes() []string { return files.HashNames() }

// Defaults returns the options of a run without flags or configuration: all
// logs as TSV in the current directory, with Zeek's timeouts.
func Defaults() Options {
	return Options{
		OutputDir:      ".",
		Format:         FormatTSV,
		StuckAfter:     30 * time.Second,
		FileMode:       fmt.Sprintf("%04o", writers.DefaultFileMode),
		JSONTimestamps: TimestampsEpoch,
		Naming:         NamingZeek,
		Compat:         compat.None,
		LocalNets:      PrivateAddressSpace(),
		Dissect:        dissect.DefaultOptions(),
		Listen:         capture.DefaultListenOptions(),
		Overload:       DefaultOverload(),

		UnknownProtocols: UnknownSampling{Threshold: 3, Rate: 100_000, Duration: time.Hour},
		Rows:             logs.DefaultLimits(),
		Reports:          logs.DefaultReports(),
		LDAP:             logs.DefaultLDAPOptions(),
	}
}

// PrivateAddressSpace returns the address space that is local by default, as in
// Zeek's Site::private_address_space: the blocks of IANA's special-purpose
// registries (RFC 6890), and the IPv4 blocks also in their 6to4 form (RFC
// 3056).
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
