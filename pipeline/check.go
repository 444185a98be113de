package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/wirelog/wirelog/writers"
)

// OutputCheck is what Check found out about one output.
type OutputCheck struct {
	// Name is that of the output, Type one of OutputTypes; both are empty for what is not
	// in the list, such as the file of events.
	Name, Type string
	// Where is the folder, file or brokers.
	Where string
	// Err says why the output cannot be written, nil if it can.
	Err error
	// Notes are messages that are no errors.
	Notes []string
}

// Check tries the outputs of a run without packets: each is started as Run starts it, asked
// whether it can be written (writers.Checker), and closed. No row is written and nothing
// replaced. The error is an *OptionError if the options cannot be used.
func Check(ctx context.Context, o Options) ([]OutputCheck, error) {
	r := &run{opts: o}
	cfg, err := r.writerConfig()
	if err != nil {
		return nil, err
	}
	list, err := o.outputs()
	if err != nil {
		return nil, err
	}
	var checks []OutputCheck
	for i := range cfg.Outputs {
		one := cfg
		one.Outputs, one.Lines, one.Try, one.Context = cfg.Outputs[i:i+1:i+1], nil, true, ctx
		one.Outputs[0].RunID = fmt.Sprintf("check-%d-%d", os.Getpid(), time.Now().UnixNano())
		c := OutputCheck{Name: one.Outputs[0].Name, Type: list[i].Type, Where: o.where(&list[i], &one.Outputs[0])}
		c.try(ctx, one)
		checks = append(checks, c)
	}
	for _, lines := range cfg.Lines {
		if lines.Path == "" {
			continue
		}
		one := cfg
		lines.Outputs = nil
		one.Outputs, one.Logs, one.Lines, one.Try, one.Context = nil, nil, []writers.Lines{lines}, true, ctx
		c := OutputCheck{Name: lines.Name, Where: lines.Path}
		c.try(ctx, one)
		checks = append(checks, c)
	}
	r.opts.extractBelow()
	if f := &r.opts.Dissect.Files; len(f.Extract) > 0 {
		c := OutputCheck{Name: "extracted files", Where: f.ExtractPath(), Err: r.opts.checkExtraction()}
		var option *OptionError
		if errors.As(c.Err, &option) {
			c.Err = option.Err
		}
		checks = append(checks, c)
	}
	return checks, nil
}

// try starts and closes the only output of a configuration.
func (c *OutputCheck) try(ctx context.Context, cfg writers.Config) {
	var mu sync.Mutex
	var errs []error
	cfg.Report = func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	cfg.Notice = func(msg string) {
		mu.Lock()
		defer mu.Unlock()
		c.Notes = append(c.Notes, msg)
	}
	m, err := writers.New(cfg)
	if err == nil {
		err = m.Check(ctx)
		if closed := m.Close(); !errors.Is(closed, writers.ErrIncomplete) {
			err = errors.Join(err, closed)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	c.Err = errors.Join(err, errors.Join(errs...))
}

// where names the folder, file or brokers of an output.
func (o *Options) where(out *Output, w *writers.Output) string {
	switch s := out.Settings.(type) {
	case *KafkaSettings:
		return strings.Join(s.Brokers, ",")
	case *ParquetSettings:
		return s.Dir
	case *ArrowSettings:
		if s.Path != "" {
			return s.Path
		}
		return s.Dir
	}
	if w.Path != "" {
		return w.Path
	}
	return w.Dir
}
