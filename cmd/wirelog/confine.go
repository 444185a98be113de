package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wirelog/wirelog/config"
	"github.com/wirelog/wirelog/pipeline"
	"github.com/wirelog/wirelog/sandbox"
	"github.com/wirelog/wirelog/writers"
)

// confined is what has become of the process.
type confined struct {
	// rules are what may still be opened; nil if the process is not confined.
	rules    *sandbox.Rules
	is       bool
	commands atomic.Pointer[commandClient]
}

// confineRuns has the runs with opts confine the process before the first of them reads input.
// profiled says that there is a CPU profile.
func (p *program) confineRuns(cfg *config.Loaded, opts *pipeline.Options, profiled bool) {
	if p.confine == nil {
		return
	}
	if cfg.Sandbox.Mode == sandbox.Off {
		opts.Notice("not confined: sandbox is off")
		return
	}
	all := *opts
	opts.Command = func(hurry context.Context, c *writers.Command) error {
		if helper := p.confined.commands.Load(); helper != nil {
			return helper.run(hurry, c)
		}
		return c.Run(hurry)
	}
	opts.Permit = p.confined.permits
	opts.Confine = func(n pipeline.Needs) error {
		if p.confined.is {
			return nil
		}
		// Another run may follow, in other folders.
		whole, err := all.Needs()
		if err != nil {
			return err
		}
		n.Read, n.Write, n.Prune = append(n.Read, whole.Read...), append(n.Write, whole.Write...), append(n.Prune, whole.Prune...)
		return p.confineNow(cfg, &all, n, profiled)
	}
}

// confineNow confines the process to what is needed.
func (p *program) confineNow(cfg *config.Loaded, opts *pipeline.Options, n pipeline.Needs, profiled bool) error {
	if len(n.Commands) > 0 {
		helper, err := startCommands(n.Commands, n.Write)
		if err != nil {
			return fmt.Errorf("sandbox: the process that runs the programs for finished files: %w; --sandbox=off goes without", err)
		}
		p.confined.commands.Store(helper)
	}
	live := len(opts.Interfaces) > 0 || len(opts.ListenUDP) > 0
	profile := sandbox.Profile{
		Read: n.Read, Write: slices.Concat(n.Write, cfg.Sandbox.Paths), Prune: n.Prune,
		Network: n.Network || len(cfg.Sandbox.Ports) > 0, Connect: slices.Concat(n.Ports, cfg.Sandbox.Ports),
		Serve: cfg.Metrics.Address != "", Capture: live, Follow: opts.Follow,
		Timers: profiled || cfg.Metrics.Pprof, KeepAccess: !live,
	}
	if cfg.File != "" {
		profile.Read = append(profile.Read, configFolder(cfg.File))
	}
	rules, notes, err := p.confine(profile)
	if err != nil {
		return fmt.Errorf("sandbox: %w; --sandbox=off goes without", err)
	}
	p.confined.rules, p.confined.is = rules, true
	for _, note := range notes {
		opts.Notice("sandbox: " + note)
	}
	if len(n.PortsUnknown) > 0 {
		opts.Notice(fmt.Sprintf("sandbox: %s: the cluster has not told its brokers: of its ports only those that are configured can be connected to; sandbox.ports adds others",
			strings.Join(n.PortsUnknown, ", ")))
	}
	if profile.Network && rules != nil {
		go watchResolver(rules, opts.Notice)
	}
	if live && rules != nil && len(notes) == 0 {
		opts.Notice("confined to its files, ports and system calls: --sandbox=off goes without")
	}
	return nil
}

// permits reports, for a configuration that comes later, what of its needs the process has given
// up.
func (c *confined) permits(n pipeline.Needs) error {
	if !c.is {
		return nil
	}
	for _, path := range n.Write {
		if !c.rules.AllowsWrite(path) {
			return fmt.Errorf("%s: the program is confined and may not write there: it takes a restart, or the folder in sandbox.paths at the next start", path)
		}
	}
	for _, path := range n.Read {
		if !c.rules.AllowsRead(path) {
			return fmt.Errorf("%s: the program is confined and may not read it: it takes a restart, or the folder in sandbox.paths at the next start", path)
		}
	}
	for _, port := range n.Ports {
		if !c.rules.AllowsPort(port) {
			return fmt.Errorf("port %d: the program is confined and may not connect to it: it takes a restart, or sandbox.ports at the next start", port)
		}
	}
	helper := c.commands.Load()
	for _, program := range n.Commands {
		if helper == nil || !helper.knows(program) {
			return fmt.Errorf("%s: the program is confined and may run only the programs for finished files that it began with: it takes a restart", strings.Join(program, " "))
		}
	}
	return nil
}

// watchResolver tells, once, that names are not asked of whom they should be any more.
func watchResolver(rules *sandbox.Rules, notice func(string)) {
	for range time.Tick(10 * time.Second) {
		if path, lost := rules.ResolverLost(); lost {
			notice(fmt.Sprintf("sandbox: %s has been replaced, and the new one may not be read: names are asked of this host; begin again, with its folder in sandbox.paths", path))
			return
		}
	}
}

// configFolder is the folder of the configuration file, which may be exchanged for another; of
// one in a folder of other things, the file.
func configFolder(file string) string {
	dir, err := filepath.Abs(filepath.Dir(file))
	if home, homeErr := os.UserHomeDir(); err != nil || homeErr == nil && dir == home || strings.Count(dir, "/") < 2 {
		return file
	}
	return dir
}

// confineEarly confines the process before the captures of folders are looked at to find runs,
// if there are folders.
func (p *program) confineEarly(opts *pipeline.Options) error {
	isFolder := func(path string) bool {
		fi, err := os.Stat(path)
		return err == nil && fi.IsDir()
	}
	if opts.Confine == nil || !slices.ContainsFunc(opts.Paths, isFolder) {
		return nil
	}
	n, err := opts.Needs()
	if err != nil {
		return err
	}
	for _, dir := range n.Write {
		if dir == opts.OutputDir {
			if err := os.MkdirAll(dir, 0o750); err != nil {
				return &pipeline.OptionError{Option: "OutputDir", Err: err}
			}
		}
	}
	return opts.Confine(n)
}
