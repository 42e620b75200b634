// One gateway, one simulator and one client process at a time: the machine is shared.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
