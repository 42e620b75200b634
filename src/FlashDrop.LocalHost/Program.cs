using FlashDrop.LocalHost.Hosting;

return await CommandLine.RunAsync(args);
