"""The searches and early stopping as Katib's gRPC services, for Katib itself to call.

:mod:`.service` answers ``api.v1.beta1.Suggestion``, :mod:`.early_stopping` answers
``api.v1.beta1.EarlyStopping``, :mod:`.server` puts both behind a port together with the health
service, and :mod:`.katib_config` writes the entries by which Katib finds them.

Every answer is a function of the request alone: Katib sends the Experiment and all its Trials each
time, so a restart, a retry or another replica changes nothing.
"""
