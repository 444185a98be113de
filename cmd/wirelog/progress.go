package main

import (
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/wirelog/wirelog/internal/printable"
)

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// defaultWidth is the width of a terminal whose width is unknown.
const defaultWidth = 100

// terminalWidth returns the width of the terminal w: as the terminal says, else the
// variable COLUMNS, else defaultWidth. It returns 0 if w is not a terminal.
func terminalWidth(w any) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	if width, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && width > 0 {
		return width
	}
	return defaultWidth
}

// progressBar shows how much of the captures has been read.
type progressBar struct {
	all *mpb.Progress
	bar *mpb.Bar
	// what is being read
	what atomic.Pointer[string]
}

func newProgressBar(w io.Writer) *progressBar {
	all := mpb.New(mpb.WithOutput(w), mpb.WithWidth(60))
	p := &progressBar{all: all}
	p.bar = all.AddBar(0,
		mpb.PrependDecorators(
			decor.Any(func(decor.Statistics) string {
				if what := p.what.Load(); what != nil {
					return *what + " "
				}
				return ""
			}),
			decor.CountersKibiByte("% .1f / % .1f", decor.WC{C: decor.DindentRight | decor.DextraSpace})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.AverageSpeed(decor.SizeB1024(0), " % .0f", decor.WC{W: 12}), decor.AverageETA(decor.ET_STYLE_GO, decor.WC{W: 8})),
		mpb.BarRemoveOnComplete(),
	)
	return p
}

// reading implements Options.Reading.
func (p *progressBar) reading(what string) {
	what = printable.Text(what)
	p.what.Store(&what)
}

// update implements Options.Progress.
func (p *progressBar) update(done, total int64) {
	// Reaching the total would end the bar while timers may still run.
	p.bar.SetTotal(max(total, done+1), false)
	p.bar.SetCurrent(done)
}

// above returns the writer for lines above the bar.
func (p *progressBar) above() io.Writer { return p.all }

// finish removes the bar from the terminal.
func (p *progressBar) finish() {
	p.bar.Abort(true)
	p.all.Wait()
}
