// Manifests checks Kubernetes manifests: each document must be of a kind that it knows, with no
// field that this kind does not have, and the DaemonSet must be able to run.
//
//	manifests FILE...
package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := len(os.Args) < 2
	for _, file := range os.Args[1:] {
		if err := check(file); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// kinds are the types of the documents, by apiVersion and kind.
var kinds = map[string]func() any{
	"v1 ConfigMap":      func() any { return new(corev1.ConfigMap) },
	"v1 Namespace":      func() any { return new(corev1.Namespace) },
	"apps/v1 DaemonSet": func() any { return new(appsv1.DaemonSet) },
	"v1 ServiceAccount": func() any { return new(corev1.ServiceAccount) },
}

func check(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	configs := map[string]bool{}
	var errs []error
	for _, part := range bytes.Split(text, []byte("\n---\n")) {
		var head struct{ APIVersion, Kind string }
		if err := yaml.Unmarshal(part, &head); err != nil {
			return err
		}
		kind := head.APIVersion + " " + head.Kind
		if kinds[kind] == nil {
			return fmt.Errorf("a document is of kind %q: this program knows %q", kind, slices.Sorted(maps.Keys(kinds)))
		}
		doc := kinds[kind]()
		if err := yaml.UnmarshalStrict(part, doc); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		switch d := doc.(type) {
		case *corev1.ConfigMap:
			configs[d.Name] = true
		case *appsv1.DaemonSet:
			errs = append(errs, daemonSet(d, configs))
		}
	}
	return errors.Join(errs...)
}

// daemonSet checks what a strict reader does not see: that names which belong together agree.
func daemonSet(d *appsv1.DaemonSet, configs map[string]bool) error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("DaemonSet %s: "+format, append([]any{d.Name}, args...)...))
	}
	pod := &d.Spec.Template.Spec
	for k, v := range d.Spec.Selector.MatchLabels {
		if d.Spec.Template.Labels[k] != v {
			wrong("its selector %s=%s does not match its pods", k, v)
		}
	}
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap != nil && !configs[v.ConfigMap.Name] {
			wrong("volume %s: there is no ConfigMap %s before it", v.Name, v.ConfigMap.Name)
		}
	}
	for _, c := range pod.Containers {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				wrong("container %s mounts %s, which is no volume", c.Name, m.Name)
			}
		}
		if c.Resources.Limits.Memory().IsZero() {
			wrong("container %s has no memory limit", c.Name)
		}
		if c.LivenessProbe == nil || c.ReadinessProbe == nil {
			wrong("container %s lacks a probe", c.Name)
		}
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			wrong("container %s can write to its root", c.Name)
		}
	}
	return errors.Join(errs...)
}
