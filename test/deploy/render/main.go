// Renders a chart of one folder as `helm template` does, for machines without Helm:
//
//	render [--kube-version 1.25.0] [--values FILE]... [--set PATH=VALUE]... RELEASE CHART
//
// Knows what such charts use: no charts within charts, no .Files, and of --set one path with dots
// and one value. All it imports is packaged by Debian; Helm itself uses the same libraries.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/Masterminds/semver"
	"sigs.k8s.io/yaml"
)

// Templates write these names with a capital: .Chart.AppVersion.
type chart struct{ APIVersion, Name, Version, AppVersion, KubeVersion, Description, Type string }

// A flag that may be given more than once.
type words []string

func (all *words) String() string         { return strings.Join(*all, " ") }
func (all *words) Set(value string) error { *all = append(*all, value); return nil }

func main() {
	var files, pairs words
	kube := flag.String("kube-version", "1.25.0", "of the cluster")
	flag.Var(&files, "values", "a file of values; later ones win")
	flag.Var(&pairs, "set", "PATH=VALUE; wins over every file")
	flag.Parse()
	text, err := render(flag.Arg(0), flag.Arg(1), *kube, files, pairs)
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Print(text)
}

func render(release, folder, kube string, files, pairs []string) (string, error) {
	var about chart
	if err := read(filepath.Join(folder, "Chart.yaml"), &about); err != nil {
		return "", err
	}
	version, err := suitable(kube, about.KubeVersion)
	if err != nil {
		return "", err
	}
	given, err := gather(folder, files, pairs)
	if err != nil {
		return "", err
	}
	if err := validate(filepath.Join(folder, "values.schema.json"), given); err != nil {
		return "", err
	}
	return execute(folder, values{
		"Values": given, "Chart": about,
		"Release": values{"Name": release, "Namespace": "default", "Service": "Helm",
			"IsInstall": true, "IsUpgrade": false, "Revision": 1},
		"Capabilities": values{"KubeVersion": values{"Version": "v" + version.String(),
			"Major": fmt.Sprint(version.Major()), "Minor": fmt.Sprint(version.Minor())}},
	})
}

// A key twice is an error, and so is a field of Chart.yaml that there is not.
func read(file string, into interface{}) error {
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.UnmarshalStrict(text, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func suitable(kube, wanted string) (*semver.Version, error) {
	version, err := semver.NewVersion(kube)
	if err != nil || wanted == "" {
		return version, err
	}
	constraint, err := semver.NewConstraint(wanted)
	if err == nil && !constraint.Check(version) {
		err = fmt.Errorf("the chart requires kubeVersion: %s, not %s", wanted, kube)
	}
	return version, err
}
