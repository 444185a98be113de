package main

import (
	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/metrics"
	"github.com/wirelog/wirelog/pipeline"
)

// serveMetrics serves the metrics of the runs with these options, if they are wanted, until
// stop is called.
func (p *program) serveMetrics(cfg *config.Loaded, opts *pipeline.Options, control *controller) (stop func(), err error) {
	if cfg.Metrics.Address == "" {
		return func() {}, nil
	}
	s, err := metrics.Listen(cfg.Metrics, opts.Version, opts.ConfigHash(), metrics.Actions{Reload: control.reload, Rotate: control.rotate})
	if err != nil {
		return nil, &pipeline.OptionError{Option: "Metrics.Address", Err: err}
	}
	opts.Status = s.Status
	return func() { _ = s.Close() }, nil // only a scrape in progress is lost
}
