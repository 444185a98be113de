//go:build !unix

package main

func processUsage() usage { return usage{} }
