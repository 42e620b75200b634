using FlashDrop.Functions;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// Compiled by the package build only: the Azure Functions app. LocalHost has the same functions and services without the worker.
var builder = FunctionsApplication.CreateBuilder(args);
builder.ConfigureFunctionsWebApplication();
builder.Services.AddFlashDrop(builder.Configuration);
builder.Services.AddHostedService<StorageBootstrap>();

await builder.Build().RunAsync();
