package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) readCommand() *cobra.Command {
	var profile string
	var each, follow bool
	cmd := &cobra.Command{
		Use:   "read CAPTURE...",
		Short: "Read captures and write their logs",
		Long: `Read captures as one run, in the given order, and write their logs.

A capture is a pcap or pcapng file, plain or compressed with gzip, zstd, bzip2 or
xz. A folder stands for all captures in it, in the order of their first packets, and
- for standard input. --merge reads captures that overlap in time at the same time,
in the order of their packets; --each reads each on its own, into a folder named
after it. --follow reads the captures of one folder as they become complete, until
SIGINT or SIGTERM; another run goes on behind those that were read. Every flag is
also a key of the configuration file and an environment variable. "wirelog config"
lists these, along with limits and timeouts.`,
		Example: `  wirelog read -o logs capture.pcap
  zcat big.pcap.gz | wirelog read --format json --filter 'tcp port 80' -
  wirelog read --merge -o logs tap-a.pcap tap-b.pcap
  wirelog read --follow --delete-read -o logs /var/spool/captures`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("read: which capture? Name files or folders, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkCaptures(args); err != nil {
				return err
			}
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			return profiled(profile, func() error { return p.read(cmd, cfg, args, each, follow, profile != "") })
		},
	}
	cmd.Flags().StringVar(&profile, "cpu-profile", "", "file for a CPU profile of the run, for go tool pprof")
	cmd.Flags().BoolVar(&follow, "follow", false, "read the captures that come into a folder, until a signal ends the run")
	cmd.Flags().BoolVar(&each, "each", false, "one run for each capture, into a folder of its name below that of the output")
	config.AddFlags(cmd.Flags(), "listen")
	completeFlags(cmd)
	return cmd
}

// load reads the configuration of a command.
func (p *program) load(cmd *cobra.Command) (*config.Loaded, error) {
	cfg, err := config.Load(cmd.Flags())
	if err != nil {
		return nil, err
	}
	p.logTo(p.stderr, cfg)
	for _, note := range cfg.Notes {
		p.logger().Warn(note)
	}
	return cfg, nil
}

// profiled runs do, with a CPU profile to path if that is not empty.
func profiled(path string, do func() error) error {
	if path == "" {
		return do()
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--cpu-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(fmt.Errorf("--cpu-profile: %w", err), f.Close())
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}

// runOptions are the options of a run, with messages to the log.
func (p *program) runOptions(cfg *config.Loaded) pipeline.Options {
	opts := cfg.RunOptions()
	opts.Version = buildVersion()
	opts.Tally = p.summaryKind(cfg.Summary) == config.SummaryText
	opts.Notice = p.say
	opts.Report = func(err error) {
		p.reported = true
		p.complain(err)
	}
	return opts
}

func (p *program) read(cmd *cobra.Command, cfg *config.Loaded, captures []string, each, follow, profiled bool) error {
	var bar *progressBar
	if isTerminal(p.stderr) && !cfg.NoProgress {
		bar = newProgressBar(p.stderr)
		p.logTo(bar.above(), cfg)
	}
	opts := p.runOptions(cfg)
	opts.Paths = captures
	opts.Stdin = p.stdin
	if opts.Follow = follow; follow && p.stopping != nil {
		opts.Stop = p.stopping()
	}
	if bar != nil {
		opts.Progress, opts.Reading = bar.update, bar.reading
	}
	control, ended := p.controlled(cmd, cfg, &opts, follow, func(c *config.Loaded) pipeline.Options { return p.runOptions(c) })
	defer ended()
	watched, err := p.serveMetrics(cfg, &opts, control)
	if err != nil {
		return usageError(cfg, err)
	}
	defer watched()
	defer notifySystemd(&opts)()
	p.confineRuns(cfg, &opts, profiled)
	if each {
		if follow {
			return errors.New("--each and --follow: captures are either read one by one or followed")
		}
		if opts.Merge {
			return errors.New("--each and --merge: captures are either read one by one or merged")
		}
		err := p.readEach(cmd.Context(), cfg, opts)
		if bar != nil {
			bar.finish()
		}
		return err
	}
	start := time.Now()
	opts.Available = pipeline.MemoryLimit(&opts)
	setMemory(pipeline.HeapLimit(&opts))
	summary, err := p.run(cmd.Context(), opts)
	if bar != nil {
		bar.finish()
	}
	if summary.Elapsed == 0 {
		summary.Elapsed = time.Since(start)
	}
	return p.conclude(cfg, &summary, err)
}

// usageError names the place of an option that cannot be used.
func usageError(cfg *config.Loaded, err error) error {
	var option *pipeline.OptionError
	if !errors.As(err, &option) {
		return err
	}
	if place := cfg.Place(option.Option); place != "" {
		return fmt.Errorf("%s: %w", place, option.Err)
	}
	return option.Err
}

// conclude prints the summary of a run, and returns what has gone wrong: a lossError if the
// run was begun.
func (p *program) conclude(cfg *config.Loaded, summary *pipeline.Summary, err error) error {
	var option *pipeline.OptionError
	if errors.As(err, &option) {
		return usageError(cfg, err)
	}
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted: the logs cover what was read until then")
	}
	if errors.Is(err, pipeline.ErrIncomplete) {
		err = nil // damage lists the losses from the summary
	}
	printErr := p.printSummary(cfg.Summary, summary)
	if err := errors.Join(append(damage(summary), err, summary.Check(), printErr)...); err != nil {
		return lossError{err}
	}
	if p.reported {
		p.reported = false
		return lossError{errors.New("no row was lost, but not all went well: see above")}
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
	for _, i := range s.Interfaces {
		if i.Dropped != 0 {
			errs = append(errs, fmt.Errorf("%s: %s lost: the ring was full, %s", i.Name, plural(i.Dropped, "packet"), times(i.Full)))
		}
		if i.Left != 0 {
			errs = append(errs, fmt.Errorf("%s: %s lost: captured, and not read before the end", i.Name, plural(i.Left, "packet")))
		}
	}
	var marks, records losses
	for _, m := range s.Marks {
		if m.Bad {
			marks.add(m.Name, m.Where, m.Count)
		}
	}
	for _, l := range marks {
		errs = append(errs, fmt.Errorf("%s: %s %s%s", l.where(), grouped(l.count), l.what, l.shares()))
	}
	for _, d := range s.Dropped {
		switch {
		case !d.Lost || d.Count == 0:
		case d.Reason == "unknown_link_type" && s.Files > 0: // the damage names the files
		case d.Unit == pipeline.UnitRecord:
			records.add(d.Reason, d.Where, d.Count)
		default:
			errs = append(errs, fmt.Errorf("%s: %s lost: %s", d.Where, plural(d.Count, string(d.Unit)), d.Reason))
		}
	}
	for _, l := range records {
		errs = append(errs, fmt.Errorf("%s: %s lost: %s%s", l.where(), plural(l.count, string(pipeline.UnitRecord)), l.what, l.shares()))
	}
	return errs
}

// losses are losses of several logs, by what happened.
type losses []*loss

type loss struct {
	what  string
	count uint64
	logs  []share
}

type share struct {
	log   string
	count uint64
}

func (l *losses) add(what, log string, count uint64) {
	i := slices.IndexFunc(*l, func(o *loss) bool { return o.what == what })
	if i < 0 {
		i = len(*l)
		*l = append(*l, &loss{what: what})
	}
	o := (*l)[i]
	o.count += count
	o.logs = append(o.logs, share{log, count})
}

// where names the log, or says how many there are.
func (l *loss) where() string {
	if len(l.logs) == 1 {
		return l.logs[0].log
	}
	return fmt.Sprintf("%d logs", len(l.logs))
}

// shares lists the logs that lost most, if there are several.
func (l *loss) shares() string {
	const most = 3
	if len(l.logs) == 1 {
		return ""
	}
	slices.SortStableFunc(l.logs, func(a, b share) int { return cmp.Compare(b.count, a.count) })
	var text []string
	for _, s := range l.logs[:min(len(l.logs), most)] {
		text = append(text, s.log+" "+grouped(s.count))
	}
	if n := len(l.logs) - most; n > 0 {
		text = append(text, fmt.Sprintf("%d more", n))
	}
	return " (" + strings.Join(text, ", ") + ")"
}

// summaryKind resolves config.SummaryAuto.
func (p *program) summaryKind(kind string) string {
	switch {
	case kind != config.SummaryAuto:
		return kind
	case isTerminal(p.stdout):
		return config.SummaryText
	}
	return config.SummaryNone
}

func (p *program) printSummary(kind string, s *pipeline.Summary) error {
	var print func(io.Writer, *pipeline.Summary, usage) error
	switch p.summaryKind(kind) {
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
