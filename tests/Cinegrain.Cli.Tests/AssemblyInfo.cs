// The symbols of the command line are shared by all runs in a process, and a process has one run.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
