package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
)

func (p *program) listenCommand() *cobra.Command {
	var profile string
	cmd := &cobra.Command{
		Use:   "listen [INTERFACE...]",
		Short: "Capture packets live and write their logs",
		Long: `Capture the packets of interfaces as one run, merged by time, and write their logs
until a signal comes. "any" stands for all interfaces. With --listen-udp, and without
an interface, receive what the mirrors of clouds send in VXLAN and Geneve.

The first SIGINT or SIGTERM stops the capture: what was captured is processed,
connections end as at the end of a capture, all rows are written, and the exit status
is 0 if nothing was lost. A second signal, more than a second later, ends the run at
once and says what was lost; a third does not wait for that. SIGHUP reloads the
configuration (see "wirelog reload"), SIGUSR1 ends the files that outputs rotate.

Every flag is also a key of the configuration file and an environment variable.
"wirelog config" lists these, along with limits and timeouts.`,
		Example: `  wirelog listen -o logs eth1
  wirelog listen --config sensor.yaml --ring 256MiB tap0 tap1
  wirelog listen --filter 'not port 22' --wait ppp0
  wirelog listen --listen-udp vxlan:4789 --listen-udp geneve:6081`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return interfaceNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := p.load(cmd)
			if err != nil {
				return err
			}
			if len(args) == 0 && len(cfg.RunOptions().ListenUDP) == 0 {
				return errors.New("listen: which interface? Name some, or any for all, or the ports of mirrors with --listen-udp")
			}
			return profiled(profile, func() error { return p.listen(cmd, cfg, args, profile != "") })
		},
	}
	cmd.Flags().StringVar(&profile, "cpu-profile", "", "file for a CPU profile of the run, for go tool pprof")
	config.AddFlags(cmd.Flags(), "merge", "no_progress", "follow")
	completeFlags(cmd)
	return cmd
}

// interfaceNames lists the interfaces of this host.
func interfaceNames() []string {
	list, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var names []string
	for _, i := range list {
		names = append(names, i.Name)
	}
	return names
}

func (p *program) listen(cmd *cobra.Command, cfg *config.Loaded, interfaces []string, profiled bool) error {
	options := func(cfg *config.Loaded) pipeline.Options {
		o := p.runOptions(cfg)
		watchOverItself(&o)
		return o
	}
	opts := options(cfg)
	opts.Interfaces = interfaces
	if p.stopping != nil {
		opts.Stop = p.stopping()
	}
	control, ended := p.controlled(cmd, cfg, &opts, true, options)
	defer ended()
	watched, err := p.serveMetrics(cfg, &opts, control)
	if err != nil {
		return usageError(cfg, err)
	}
	defer watched()
	defer notifySystemd(&opts)()
	opts.Available = pipeline.MemoryLimit(&opts)
	p.confineRuns(cfg, &opts, profiled)
	setMemory(pipeline.HeapLimit(&opts))
	start := time.Now()
	summary, err := p.run(cmd.Context(), opts)
	if summary.Elapsed == 0 {
		summary.Elapsed = time.Since(start)
	}
	var option *pipeline.OptionError
	if !errors.As(err, &option) {
		for _, line := range balances(&summary) {
			p.say(line)
		}
	}
	return p.conclude(cfg, &summary, err)
}

// ofSensor are the optional logs that live capture writes by itself.
var ofSensor = []string{"capture_loss", "stats", "sensor"}

// watchOverItself adds the logs of ofSensor, unless the logs of the run are named.
func watchOverItself(opts *pipeline.Options) {
	if len(opts.Logs) == 0 {
		opts.OptionalLogs = append(slices.Clone(opts.OptionalLogs), ofSensor...)
	}
}

// balances says what has become of packets and of records, a line each.
func balances(s *pipeline.Summary) []string {
	dropped, lost := map[pipeline.Unit]uint64{}, map[pipeline.Unit]uint64{}
	for _, d := range s.Dropped {
		dropped[d.Unit] += d.Count
		if d.Lost {
			lost[d.Unit] += d.Count
		}
	}
	var taken, kernel uint64
	for _, i := range s.Interfaces {
		taken += i.Kernel
		kernel += i.Dropped + i.Left
	}
	var built, written uint64
	for _, l := range s.Logs {
		built += l.Built
		written += l.Written
	}
	return []string{
		fmt.Sprintf("packets: %s captured, %s of them lost before they were read; %s read, %s processed, %s left out, %s of these lost",
			grouped(taken), grouped(kernel), grouped(s.Packets), grouped(s.Processed), grouped(dropped[pipeline.UnitPacket]), grouped(lost[pipeline.UnitPacket])),
		fmt.Sprintf("records: %s built, %s written, %s left out, %s of these lost",
			grouped(built), grouped(written), grouped(dropped[pipeline.UnitRecord]), grouped(lost[pipeline.UnitRecord])),
	}
}
