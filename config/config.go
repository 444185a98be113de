// Package config merges defaults, a file, environment variables and flags into one typed
// value, and knows where each value came from.
package config

import (
	"reflect"
	"slices"

	"github.com/wirelog/wirelog/internal/option"
	"github.com/wirelog/wirelog/metrics"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/sandbox"
)

// Config is the whole configuration: the options of a run, and those of the command
// alone. The tags of a field say all there is to know of its key, as package option
// has them. WIRELOG_ with the upper-case name of the key is its environment variable.
//
// To add a key, add a field to the Options of the package that uses it, and to its
// DefaultOptions.
type Config struct {
	// In Options, LocalNets lacks the private address space that PrivateSpaceIsLocal
	// adds, and an empty Outputs means one output made from the keys after it.
	pipeline.Options
	Metrics metrics.Options
	Sandbox sandbox.Options

	LogFormat           string `key:"log_format" flag:"log-format" oneof:"text,json" doc:"form of what the program says on standard error: text, a line each, or json, an object a line with time, level and msg"`
	LogLevel            string `key:"log_level" flag:"log-level" oneof:"debug,info,warn,error" doc:"least level of what the program says on standard error: debug, info, warn or error"`
	Summary             string `key:"summary" flag:"summary" oneof:"auto,text,json,none" doc:"what to print at the end: text, json or none; auto is text on a terminal"`
	NoProgress          bool   `key:"no_progress" flag:"no-progress" doc:"show no progress bar on a terminal"`
	PrivateSpaceIsLocal bool   `key:"private_address_space_is_local" doc:"treat private and other special-purpose addresses as local too (Site::private_address_space_is_local)"`
}

// Values of Config.Summary.
const (
	SummaryAuto = "auto" // text if standard output is a terminal
	SummaryText = "text"
	SummaryJSON = "json"
	SummaryNone = "none"
)

// Values of Config.LogFormat.
const (
	logText = "text"
	LogJSON = "json"
)

// OfCommand returns the keys whose values differ in o and that belong to the command alone, not
// to runs, with the exception of those that a run in progress can follow.
func (l *Loaded) OfCommand(o *Loaded) (keys []string) {
	ofRuns := option.Keys(reflect.TypeFor[pipeline.Options]())
	for _, k := range option.Keys(reflect.TypeFor[Config]()) {
		switch {
		case option.Find(ofRuns, k.Name) != nil, k.Name == "log_level", k.Name == "private_address_space_is_local":
		case k.Text(&l.Config) != k.Text(&o.Config):
			keys = append(keys, k.Name)
		}
	}
	return keys
}

// defaultConfig returns the configuration with nothing set.
func defaultConfig() Config {
	c := Config{
		Options: pipeline.Defaults(), Sandbox: sandbox.DefaultOptions(),
		LogFormat: logText, LogLevel: "info", Summary: SummaryAuto, PrivateSpaceIsLocal: true,
	}
	c.LocalNets = nil
	return c
}

// RunOptions are the options of a run with this configuration; the caller adds
// the captures.
func (c *Config) RunOptions() pipeline.Options {
	o := c.Options
	if c.PrivateSpaceIsLocal {
		o.LocalNets = append(slices.Clone(o.LocalNets), pipeline.PrivateAddressSpace()...)
	}
	return o
}
