// Package config merges defaults, a file, environment variables and flags into one typed
// value, and knows where each value came from.
package config

import (
	"slices"

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

// defaultConfig returns the configuration with nothing set.
func defaultConfig() Config {
	c := Config{Options: pipeline.Defaults(), Sandbox: sandbox.DefaultOptions(), Summary: SummaryAuto, PrivateSpaceIsLocal: true}
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
