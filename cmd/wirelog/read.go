package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) readCommand() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "read CAPTURE...",
		Short: "Read captures and write their logs",
		Long: `Read captures as one run, in the given order, and write their logs.

A capture is a pcap or pcapng file, plain or compressed with gzip, zstd, bzip2 or
xz. A folder stands for all captures in it, and - for standard input. Every flag is
also a key of the configuration file and an environment variable. "wirelog config"
lists these, along with limits and timeouts.`,
		Example: `  wirelog read -o logs capture.pcap
  zcat big.pcap.gz | wirelog read --format json --filter 'tcp port 80' -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("read: which capture? Name files or folders, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			cfg, err := config.Load(cmd.Flags())
			if err != nil {
				return err
			}
			if profile != "" {
				stop, err := startProfile(profile)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, stop()) }()
			}
			return p.read(cmd, cfg, args)
		},
	}
	cmd.Flags().StringVar(&profile, "cpu-profile", "", "file for a CPU profile of the run, for go tool pprof")
	config.AddFlags(cmd.Flags())
	completeFlags(cmd)
	return cmd
}

// startProfile starts a CPU profile. The returned function ends it.
func startProfile(path string) (stop func() error, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--cpu-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("--cpu-profile: %w", err), f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}

func (p *program) read(cmd *cobra.Command, cfg *config.Loaded, captures []string) error {
	opts := cfg.RunOptions()
	opts.Paths = captures
	opts.Stdin = p.stdin
	opts.Version = buildVersion()

	notes := p.stderr
	var bar *progressBar
	if isTerminal(p.stderr) && !cfg.NoProgress {
		bar = newProgressBar(p.stderr)
		opts.Progress = bar.update
		notes = bar.above()
	}
	opts.Notice = func(msg string) { fmt.Fprintln(notes, "wirelog:", msg) }
	start := time.Now()
	setMemory(pipeline.MemoryLimit(&opts))
	summary, err := p.run(cmd.Context(), opts)
	if bar != nil {
		bar.finish()
	}
	if summary.Elapsed == 0 {
		summary.Elapsed = time.Since(start)
	}

	var option *pipeline.OptionError
	if errors.As(err, &option) {
		if place := cfg.Place(option.Option); place != "" {
			return fmt.Errorf("%s: %w", place, option.Err)
		}
		return option.Err
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: the logs cover what was read until then")
	}
	if errors.Is(err, pipeline.ErrIncomplete) {
		err = nil // damage lists the losses from the summary
	}
	printErr := p.printSummary(cfg.Summary, &summary)
	if err := errors.Join(append(damage(&summary), err, summary.Check(), printErr)...); err != nil {
		return lossError{err}
	}
	return nil
}

// damage lists what a run has lost, one error per line.
func damage(s *pipeline.Summary) []error {
	var errs []error
	for _, d := range s.Damage {
		errs = append(errs, errors.New(d))
	}
	for _, p := range s.Panics {
		errs = append(errs, fmt.Errorf("analyzer %s: %d panics contained; the connections' other rows are complete", p.Analyzer, p.Count))
	}
	for _, m := range s.Marks {
		if m.Bad {
			errs = append(errs, fmt.Errorf("%s: %s %s", m.Where, grouped(m.Count), m.Name))
		}
	}
	for _, d := range s.Dropped {
		if d.Lost && d.Count != 0 {
			errs = append(errs, fmt.Errorf("%s: %s lost: %s", d.Where, plural(d.Count, string(d.Unit)), d.Reason))
		}
	}
	return errs
}

func (p *program) printSummary(kind string, s *pipeline.Summary) error {
	if kind == config.SummaryAuto {
		kind = config.SummaryNone
		if isTerminal(p.stdout) {
			kind = config.SummaryText
		}
	}
	var print func(io.Writer, *pipeline.Summary, usage) error
	switch kind {
	case config.SummaryText:
		print = writeSummaryText
	case config.SummaryJSON:
		print = writeSummaryJSON
	default:
		return nil
	}
	if err := print(p.stdout, s, processUsage()); err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	return nil
}
