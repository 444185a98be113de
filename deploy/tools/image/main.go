// Image writes the container image of wirelog: its program, the licenses, and an empty folder for
// logs. It needs no daemon and no base image. The file is an archive of an OCI layout that also
// has what "docker load" reads.
//
//	image -program FILE -tag NAME:TAG -version TEXT -arch ARCH -licenses FILE,FILE -o FILE
package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// user is who the program runs as by default: nobody that a host knows. Packet sockets need
// root, without its capabilities but CAP_NET_RAW.
const user = 65532

const repository = "https://github.com/wirelog/wirelog"

func main() {
	program := flag.String("program", "", "the static program")
	tag := flag.String("tag", "wirelog:latest", "name and tag of the image")
	version := flag.String("version", "", "version of the program")
	arch := flag.String("arch", "", "architecture of the program, as GOARCH")
	licenses := flag.String("licenses", "", "files with licenses, comma-separated")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := write(*program, *tag, *version, *arch, strings.Split(*licenses, ","), *out); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func write(program, tag, version, arch string, licenses []string, out string) error {
	img, err := build(program, version, arch, licenses)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(out), ".image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	name := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": tag, "io.containerd.image.name": "docker.io/library/" + tag})
	if err := at.AppendImage(img, name); err != nil {
		return err
	}
	if err := forDocker(img, tag, filepath.Join(dir, "manifest.json")); err != nil {
		return err
	}
	return archive(dir, out)
}

// created is the time of everything in the image, so that the same program gives the same image.
func created() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(n, 0).UTC(), nil
}

func build(program, version, arch string, licenses []string) (v1.Image, error) {
	at, err := created()
	if err != nil {
		return nil, err
	}
	layer, err := files(program, licenses, at)
	if err != nil {
		return nil, err
	}
	var img v1.Image = mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	img = mutate.ConfigMediaType(img, types.OCIConfigJSON)
	if img, err = mutate.AppendLayers(img, layer); err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture = "linux", arch
	file.Created = v1.Time{Time: at}
	file.History = []v1.History{{Created: v1.Time{Time: at}, CreatedBy: "make image"}}
	file.Config = v1.Config{
		Entrypoint: []string{"/usr/bin/wirelog"},
		Cmd:        []string{"help"},
		User:       fmt.Sprintf("%d:%d", user, user),
		WorkingDir: logs,
		Env:        []string{"PATH=/usr/bin"},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "wirelog",
			"org.opencontainers.image.description": "turns network traffic into Zeek-style logs",
			"org.opencontainers.image.version":     version,
			"org.opencontainers.image.source":      repository,
			"org.opencontainers.image.created":     at.Format(time.RFC3339),
		},
	}
	return mutate.ConfigFile(img, file)
}

// logs is where the program writes in the image.
const logs = "/var/log/wirelog"

// files makes the only layer.
func files(program string, licenses []string, at time.Time) (v1.Layer, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	folder := func(name string, owner int) error {
		return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, Uid: owner, Gid: owner, ModTime: at})
	}
	file := func(from, to string, mode int64) error {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: to, Mode: mode, Size: int64(len(data)), ModTime: at}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	const texts = "usr/share/doc/wirelog"
	var errs []error
	for _, name := range []string{"usr", "usr/bin", "usr/share", "usr/share/doc", texts, "var", "var/log"} {
		errs = append(errs, folder(name, 0))
	}
	errs = append(errs, folder(strings.TrimPrefix(logs, "/"), user), file(program, "usr/bin/wirelog", 0o755))
	for _, name := range licenses {
		errs = append(errs, file(name, texts+"/"+filepath.Base(name), 0o644))
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return nil, err
	}
	packed, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil }, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	// Compressed once, so that all who ask get the same bytes.
	r, err := packed.Compressed()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return withDiffID{static.NewLayer(data, types.OCILayer), packed}, r.Close()
}

// withDiffID is a compressed layer with the hash of what it was before.
type withDiffID struct {
	v1.Layer
	plain v1.Layer
}

func (l withDiffID) DiffID() (v1.Hash, error)             { return l.plain.DiffID() }
func (l withDiffID) Uncompressed() (io.ReadCloser, error) { return l.plain.Uncompressed() }

// forDocker writes what "docker load" reads, which refers to the layout's files.
func forDocker(img v1.Image, tag, path string) error {
	blob := func(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }
	config, err := img.ConfigName()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	d := tarball.Descriptor{Config: blob(config), RepoTags: []string{tag}}
	for _, l := range layers {
		h, err := l.Digest()
		if err != nil {
			return err
		}
		d.Layers = append(d.Layers, blob(h))
	}
	text, err := json.Marshal(tarball.Manifest{d})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// archive writes the files of a folder to a tar file, in the order of their names.
func archive(dir, out string) error {
	at, err := created()
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: filepath.ToSlash(name), Mode: 0o644, Size: int64(len(data)), ModTime: at}); err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	return errors.Join(err, w.Close(), f.Close())
}
