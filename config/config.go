// Package config merges defaults, a file, environment variables and flags into one typed
// value, and knows where each value came from.
package config

import (
	"net/netip"
	"slices"
	"time"

	"github.com/wirelog/wirelog/pipeline"
)

// Config is the whole configuration. The tags of a field describe its key: key is the
// name in files (fields of a section are below it, and WIRELOG_ with the upper-case name
// is the environment variable), flag and short are the command line flag, oneof lists
// the allowed values, min and max limit the range, and doc is the documentation. In
// oneof and doc, @formats stands for the values of pipeline.Formats.
//
// To add a key, add a field here, named as in pipeline.Options, and add it to Default
// and Options.
type Config struct {
	// Outputs is the list under the key outputs. If it is empty, the keys after it make
	// one output.
	Outputs []pipeline.Output

	OutputDir      string   `key:"output_dir" flag:"output-dir" short:"o" doc:"folder for log files, created if missing"`
	OutputPath     string   `key:"output" flag:"output" doc:"file for the only log that logs names, instead of a folder; - is standard output"`
	Kafka          []string `key:"kafka" flag:"kafka" doc:"Kafka brokers, host:port, that receive the records instead of files"`
	Format         string   `key:"format" flag:"format" short:"f" oneof:"@formats" doc:"format of log files: @formats"`
	JSONTimestamps string   `key:"json_timestamps" flag:"json-timestamps" oneof:"epoch,millis,iso8601" doc:"times in JSON: epoch (seconds), millis or iso8601"`
	// Logs and EventNames hold names and patterns; empty means all.
	Logs         []string  `key:"logs" flag:"logs" doc:"logs to write, such as conn,weird; all but the optional ones if not given"`
	OptionalLogs []string  `key:"optional_logs" flag:"optional-logs" doc:"logs to write in addition, such as known_modbus"`
	Analyzers    []string  `key:"analyzers" flag:"analyzers" doc:"application protocols to analyze, such as dns,http; all if not given, none to disable them"`
	Columns      []string  `key:"columns" flag:"columns" doc:"groups of optional columns to add, such as community-id"`
	RootCerts    string    `key:"root_certs" flag:"root-certs" doc:"PEM file with the root certificates for the columns of group validation, or system for those of this host"`
	OpenTime     time.Time `key:"open_time" flag:"open-time" doc:"time to write in #open and #close instead of the clock, as 2006-01-02T15:04:05 (local) or RFC 3339"`
	EventsFile   string    `key:"events_file" flag:"events" doc:"file that receives every event as a JSON line; - is standard output"`
	EventNames   []string  `key:"event_names" flag:"event" doc:"glob patterns of the events to write, such as tcp_*; all if not given"`
	Contents     string    `key:"deliver_contents" oneof:"none,orig,resp,both" doc:"sides of connections whose payload is delivered as tcp_contents and udp_contents events: none, orig, resp or both"`
	Filter       string    `key:"filter" flag:"filter" doc:"BPF expression; packets that do not match are ignored"`
	NoChecksums  bool      `key:"no_checksums" flag:"no-checksums" short:"C" doc:"accept packets with wrong checksums"`
	Shards       int       `key:"shards" flag:"shards" min:"0" max:"256" doc:"number of dissecting goroutines; 0 is one per core"`
	Seed         string    `key:"seed" flag:"seed" doc:"seed of the uids, to make them reproducible; random if not given"`
	Summary      string    `key:"summary" flag:"summary" oneof:"auto,text,json,none" doc:"what to print at the end: text, json or none; auto is text on a terminal"`
	Sensor       string    `key:"sensor" flag:"sensor" doc:"name of this sensor in outputs; the host's name if not given"`
	NoProgress   bool      `key:"no_progress" flag:"no-progress" doc:"show no progress bar on a terminal"`

	LocalNets           []netip.Prefix `key:"local_nets" doc:"networks of the site, for local_orig and local_resp (Zeek's Site::local_nets)"`
	PrivateSpaceIsLocal bool           `key:"private_address_space_is_local" doc:"treat private and other special-purpose addresses as local too (Site::private_address_space_is_local)"`

	Files    pipeline.Files         `key:"files" doc:"handling of transferred files"`
	Limits   pipeline.Limits        `key:"limits" doc:"limits on state that grows with traffic"`
	Timeouts pipeline.Timeouts      `key:"timeouts" doc:"packet times after which state expires; 0s disables a timeout"`
	Weird    pipeline.WeirdSampling `key:"weird" doc:"sampling of repeated weirds"`
}

// Values of Config.Summary.
const (
	SummaryAuto = "auto" // text if standard output is a terminal
	SummaryText = "text"
	SummaryJSON = "json"
	SummaryNone = "none"
)

// Default returns the configuration with nothing set.
func Default() Config {
	o := pipeline.Defaults()
	return Config{
		OutputDir:           o.OutputDir,
		Format:              o.Format,
		JSONTimestamps:      o.JSONTimestamps,
		Contents:            o.Contents,
		Summary:             SummaryAuto,
		PrivateSpaceIsLocal: true,
		Files:               o.Files,
		Limits:              o.Limits,
		Timeouts:            o.Timeouts,
		Weird:               o.Weird,
	}
}

// Options returns the options of a run with this configuration. The caller adds the
// captures.
func (c *Config) Options() pipeline.Options {
	local := slices.Clone(c.LocalNets)
	if c.PrivateSpaceIsLocal {
		local = append(local, pipeline.PrivateAddressSpace()...)
	}
	return pipeline.Options{
		Filter:         c.Filter,
		NoChecksums:    c.NoChecksums,
		Outputs:        c.Outputs,
		OutputDir:      c.OutputDir,
		OutputPath:     c.OutputPath,
		Kafka:          c.Kafka,
		Format:         c.Format,
		JSONTimestamps: c.JSONTimestamps,
		Logs:           c.Logs,
		OptionalLogs:   c.OptionalLogs,
		Columns:        c.Columns,
		RootCerts:      c.RootCerts,
		OpenTime:       c.OpenTime,
		Sensor:         c.Sensor,
		EventsFile:     c.EventsFile,
		Analyzers:      c.Analyzers,
		Contents:       c.Contents,
		EventNames:     c.EventNames,
		Shards:         c.Shards,
		Seed:           c.Seed,
		LocalNets:      local,
		Files:          c.Files,
		Limits:         c.Limits,
		Timeouts:       c.Timeouts,
		Weird:          c.Weird,
	}
}
