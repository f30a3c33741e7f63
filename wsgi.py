"""The only file that sees all three packages: builds the app, attaches the commands (`hopnhat`)."""

import gc
import sys

gc.disable()  # what is imported stays: looking for garbage among it is a fifth of what the start of every command and server takes

import click
from flask import Flask
from flask_babel import force_locale
from sqlalchemy.exc import OperationalError

from clients.cli import group as client_commands
from clients.resource_cli import group as resource_commands
from directory_sync import pages as sync_pages
from directory_sync import person_pages
from directory_sync.cli import sync
from directory_sync.desk_cli import group as desk_commands
from directory_sync.job import directory_jobs, remedy_of_silence
from directory_sync.lifecycle import deadlines
from directory_sync.lifecycle import setting_up as lifecycle
from directory_sync.lifecycle.job import lifecycle_jobs
from directory_sync.lifecycle.review_cli import group as review_commands
from directory_sync.lifecycle.service_cli import COMMANDS as SERVICE_COMMANDS
from directory_sync.person_cli import sync_one_person
from directory_sync.reorganisation_cli import reorganisation
from directory_sync.scim import setting_up as scim
from directory_sync.scim.cli import group as scim_commands
from directory_sync.scim.provisioning_cli import group as provisioning_commands
from directory_sync.sheets import setting_up as sheets
from directory_sync.sheets.cli import import_file
from directory_sync.source_cli import group as source_commands
from idp import cli, doctor
from idp.api.cli import group as api_commands
from idp.app import create_app
from idp.console.app_role_cli import group as app_role_commands
from idp.console.check_cli import check_client
from idp.console.client_change_cli import change_one
from idp.console.client_file_cli import apply_file, export
from idp.console.entry_cli import group as entry_commands
from idp.console.failure_cli import failure
from idp.console.path_cli import group as path_commands
from idp.console.system_cli import group as system_commands
from idp.enrollment import alarm
from idp.errors import Refusal
from idp.metrics_endpoint import add_gauges
from idp.people.cli import people
from idp.saml import setting_up as saml
from idp.saml.cli import add as saml_add
from idp.saml.cli import group as saml_commands
from idp.settings import Settings, SettingsMistaken
from idp.web.language import ENGLISH


def build(settings: Settings | None = None) -> Flask:
    """The whole application, for these settings or for those of the environment. Raises SettingsMistaken."""
    app = create_app(settings)
    sync_pages.set_up_pages(app)
    lifecycle.set_up_lifecycle(app)
    cli.add_jobs(app, lifecycle_jobs())
    doctor.add_check(app, "changes of staff", deadlines.remedy)
    scim.set_up_scim(app)
    cli.add_jobs(app, scim.jobs())
    saml.set_up_saml(app)
    sheets.set_up_sheets(app)
    cli.add_jobs(app, sheets.jobs())
    person_pages.set_up_person_pages(app)
    doctor.add_check(app, "sync", remedy_of_silence)
    doctor.add_check(app, "tracker", alarm.remedy)
    add_gauges(app, alarm.gauges)
    cli.add_jobs(app, directory_jobs(app.extensions["hopnhat.settings"].sync_interval_seconds))
    return app


class Commands(click.Group):
    """The command group: mistakes in the settings and refusals end with exit code 1 and a sentence, never a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command inside the application's context, refusals in the language of all commands."""
        try:
            if not {"--help", "-h"} & set(sys.argv):
                ctx.with_resource(build().app_context())
                ctx.with_resource(force_locale(ENGLISH))
            return super().invoke(ctx)
        except SettingsMistaken as mistake:
            raise click.ClickException(str(mistake)) from None
        except Refusal as refusal:
            raise click.ClickException(str(refusal.message)) from None
        except OperationalError as away:  # out of reach, kept busy by another, or without its tables: the driver says which
            told = str(away.orig).strip().rstrip(".")
            raise click.ClickException(f"The database does not answer: {told}. `hopnhat doctor` says what to do; then try again.") from None


@click.group(cls=Commands)
def main() -> None:
    """Hợp Nhất: one sign-in for everyone who works for a province."""


cli.add_commands(main)
main.add_command(client_commands)
main.add_command(resource_commands)
main.add_command(system_commands)
sync.add_command(sync_one_person)
sync.add_command(import_file)
main.add_command(source_commands)
main.add_command(sync)
main.add_command(desk_commands)
main.add_command(review_commands)
for command in SERVICE_COMMANDS:
    people.add_command(command)
main.add_command(scim_commands)
client_commands.add_command(provisioning_commands)
client_commands.add_command(change_one)
client_commands.add_command(entry_commands)
client_commands.add_command(path_commands)
client_commands.add_command(failure)
client_commands.add_command(apply_file)
client_commands.add_command(export)
client_commands.add_command(app_role_commands)
client_commands.add_command(check_client)
client_commands.add_command(saml_add, "saml-add")
main.add_command(saml_commands)
main.add_command(reorganisation)
main.add_command(api_commands)
gc.freeze()  # nor is it looked through while requests wait
gc.enable()


def __getattr__(name: str) -> Flask:
    if name == "application":
        return build()
    raise AttributeError(name)
