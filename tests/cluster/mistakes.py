"""Wrong Experiments, each with one mistake: those that Katib's webhook refuses, and those that it
lets in, with the field of the mistake. They are changes of :data:`tests.experiment.samples.VALID`.
"""

from __future__ import annotations

from typing import Any

from tests.experiment.checks.test_nas import ENAS
from tests.experiment.samples import CONTAINER, MISSING, POD, settings

Changes = dict[str, Any]

C = f"{POD}.containers[0]"
SPACE = "spec.parameters[{}].feasibleSpace"
TEMPLATE = "spec.trialTemplate"
JOB = f"{TEMPLATE}.trialSpec.spec"
TRIAL_PARAMETERS = f"{TEMPLATE}.trialParameters"
COLLECTOR = "spec.metricsCollectorSpec"
SOURCE = f"{COLLECTOR}.source"
SETTINGS = "spec.algorithm.algorithmSettings"
CONFIG_MAP = {"configMapName": "a", "configMapNamespace": "b"}
EXTRA = {"name": "extra", "parameterType": "int", "feasibleSpace": {"min": "1", "max": "2"}}


def algorithm(name: str, **values: str) -> Changes:
    return {"spec.algorithm": {"algorithmName": name, "algorithmSettings": settings(**values)}}


def stopping(name: str, **values: str) -> Changes:
    part = {"algorithmName": name, "algorithmSettings": settings(**values)}
    return {"spec.earlyStopping": part, f"{TEMPLATE}.retain": True}


def collector(kind: str, **source: Any) -> Changes:
    return {COLLECTOR: {"collector": {"kind": kind}} | ({"source": source} if source else {})}


def file(**place: str) -> Changes:
    return collector("File", fileSystemPath={"path": "/logs/metrics.log"} | place)


def interval(kind: str = "double", **space: str) -> Changes:
    """The first parameter with these bounds."""
    return {"spec.parameters[0].parameterType": kind, SPACE.format(0): space}


def choices(kind: str, *values: str) -> Changes:
    """The third parameter with these values."""
    return {"spec.parameters[2].parameterType": kind, SPACE.format(2): {"list": list(values)}}


HYPERBAND = algorithm("hyperband", resource_name="layers", r_l="4", eta="2")
PBT = {"suggestion_trial_dir": "/opt/katib/data", "n_population": "5"}

REFUSED: dict[str, tuple[Changes, str]] = {
    "name with capitals": ({"metadata.name": "Random_A"}, "metadata.name"),
    "name that begins with a digit": ({"metadata.name": "9lives"}, "metadata.name"),
    "name of 41 letters": ({"metadata.name": "a" * 41}, "metadata.name"),
    "negative failures": ({"spec.maxFailedTrialCount": -1}, "spec.maxFailedTrialCount"),
    "more failures than Trials": ({"spec.maxFailedTrialCount": 13}, "spec.maxFailedTrialCount"),
    "no Trial": ({"spec.maxTrialCount": 0}, "spec.maxTrialCount"),
    "none at a time": ({"spec.parallelTrialCount": 0}, "spec.parallelTrialCount"),
    "more at a time than all": ({"spec.parallelTrialCount": 13}, "spec.parallelTrialCount"),
    "more by default than all": (
        {
            "spec.parallelTrialCount": MISSING,
            "spec.maxTrialCount": 2,
            "spec.maxFailedTrialCount": 1,
        },
        "spec.parallelTrialCount",
    ),
    "no objective": ({"spec.objective": MISSING}, "spec.objective"),
    "no direction": ({"spec.objective.type": MISSING}, "spec.objective.type"),
    "direction misspelt": ({"spec.objective.type": "maximise"}, "spec.objective.type"),
    "no metric": (
        {"spec.objective.objectiveMetricName": MISSING},
        "spec.objective.objectiveMetricName",
    ),
    "objective among the others": (
        {"spec.objective.additionalMetricNames": ["val_accuracy"]},
        "spec.objective.additionalMetricNames",
    ),
    "no algorithm": ({"spec.algorithm": MISSING}, "spec.algorithm"),
    "algorithm without a name": ({"spec.algorithm": {}}, "spec.algorithm.algorithmName"),
    "unknown algorithm": (algorithm("randm"), "spec.algorithm.algorithmName"),
    "early stopping without a name": (
        {"spec.earlyStopping": {}},
        "spec.earlyStopping.algorithmName",
    ),
    "unknown early stopping": (stopping("median"), "spec.earlyStopping.algorithmName"),
    "unknown resume policy": ({"spec.resumePolicy": "Always"}, "spec.resumePolicy"),
    "no search space": ({"spec.parameters": []}, "spec"),
    "search space and architecture": ({"spec.nasConfig": ENAS["spec.nasConfig"]}, "spec"),
    "unknown type": (
        {"spec.parameters[0].parameterType": "float"},
        "spec.parameters[0].parameterType",
    ),
    "no type": ({"spec.parameters[0].parameterType": MISSING}, "spec.parameters[0].parameterType"),
    "unknown distribution": (
        {f"{SPACE.format(0)}.distribution": "loguniform"},
        f"{SPACE.format(0)}.distribution",
    ),
    "list for a double": ({f"{SPACE.format(0)}.list": ["1"]}, f"{SPACE.format(0)}.list"),
    "no maximum": (interval(min="1"), f"{SPACE.format(0)}.max"),
    "bounds for a list": ({f"{SPACE.format(2)}.min": "1"}, SPACE.format(2)),
    "step for a list": ({f"{SPACE.format(2)}.step": "1"}, SPACE.format(2)),
    "no template": ({TEMPLATE: MISSING}, TEMPLATE),
    "no primary container": (
        {f"{TEMPLATE}.primaryContainerName": MISSING},
        f"{TEMPLATE}.primaryContainerName",
    ),
    "no trial parameters": ({TRIAL_PARAMETERS: MISSING}, TRIAL_PARAMETERS),
    "empty trial parameters": ({TRIAL_PARAMETERS: []}, TRIAL_PARAMETERS),
    "template in two places": (
        {f"{TEMPLATE}.configMap": {**CONFIG_MAP, "templatePath": "c.yaml"}},
        TEMPLATE,
    ),
    "half a ConfigMap": (
        {
            f"{TEMPLATE}.configMap": CONFIG_MAP,
            f"{TEMPLATE}.trialSpec": MISSING,
            f"{TEMPLATE}.successCondition": "a",
            f"{TEMPLATE}.failureCondition": "b",
        },
        f"{TEMPLATE}.configMap",
    ),
    "kind without conditions": ({f"{TEMPLATE}.trialSpec.kind": "Pod"}, TEMPLATE),
    "trial parameter without a name": (
        {f"{TRIAL_PARAMETERS}[0].name": ""},
        f"{TRIAL_PARAMETERS}[0]",
    ),
    "trial parameter without a reference": (
        {f"{TRIAL_PARAMETERS}[0].reference": ""},
        f"{TRIAL_PARAMETERS}[0]",
    ),
    "trial parameter in braces": (
        {f"{TRIAL_PARAMETERS}[0].name": "{lr}"},
        f"{TRIAL_PARAMETERS}[0]",
    ),
    "trial parameter twice": (
        {f"{TRIAL_PARAMETERS}[1].name": "learningRate"},
        f"{TRIAL_PARAMETERS}[1].name",
    ),
    "reference twice": (
        {f"{TRIAL_PARAMETERS}[1].reference": "lr"},
        f"{TRIAL_PARAMETERS}[1].reference",
    ),
    "reference to nothing": (
        {f"{TRIAL_PARAMETERS}[1].reference": "layer"},
        f"{TRIAL_PARAMETERS}[1].reference",
    ),
    "trial parameter not used": ({f"{C}.command[5]": "--adam"}, f"{TRIAL_PARAMETERS}[2].name"),
    "placeholder not declared": ({f"{C}.command[6]": "--x=${trialParameters.x}"}, TEMPLATE),
    "template with a name": ({f"{TEMPLATE}.trialSpec.metadata": {"name": "x"}}, TEMPLATE),
    "template with a namespace": ({f"{TEMPLATE}.trialSpec.metadata": {"namespace": "x"}}, TEMPLATE),
    "template without a version": ({f"{TEMPLATE}.trialSpec.apiVersion": MISSING}, TEMPLATE),
    "template without a kind": ({f"{TEMPLATE}.trialSpec.kind": MISSING}, TEMPLATE),
    "misspelt field of a Job": ({f"{C}.comand": ["python"]}, TEMPLATE),
    "Job of the wrong type": ({f"{POD}.restartPolicy": ["Never"]}, TEMPLATE),
    "empty list in a Job": ({f"{C}.env": []}, TEMPLATE),
    "empty text in a Job": ({f"{C}.env": [{"name": "A", "value": ""}]}, TEMPLATE),
    "null in a Job": ({f"{JOB}.template.metadata": {"creationTimestamp": None}}, TEMPLATE),
    "default in a Job": ({f"{POD}.hostNetwork": False}, TEMPLATE),
    "size in another unit": (
        {f"{POD}.volumes": [{"name": "a", "emptyDir": {"sizeLimit": "1024Mi"}}]},
        TEMPLATE,
    ),
    "memory that is searched for": (
        {f"{C}.resources.limits.memory": "${trialParameters.numLayers}Gi"},
        TEMPLATE,
    ),
    "unknown collector": (collector("None"), f"{COLLECTOR}.collector.kind"),
    "Prometheus": (collector("PrometheusMetric"), f"{COLLECTOR}.collector.kind"),
    "port of Prometheus": (
        collector("PrometheusMetric", httpGet={"port": "http"}),
        f"{SOURCE}.httpGet.port",
    ),
    "path of Prometheus": (
        collector("PrometheusMetric", httpGet={"port": 80, "path": "metrics"}),
        f"{SOURCE}.httpGet.path",
    ),
    "relative file": (file(path="metrics.log"), f"{SOURCE}.fileSystemPath.path"),
    "unknown format": (file(format="CSV"), f"{SOURCE}.fileSystemPath.format"),
    "filter for JSON": (
        collector(
            "File", fileSystemPath={"path": "/a", "format": "JSON"}, filter={"metricsFormat": []}
        ),
        f"{SOURCE}.filter",
    ),
    "relative directory of events": (
        collector("TensorFlowEvent", fileSystemPath={"path": "logs"}),
        SOURCE,
    ),
    "file of events": (
        collector("TensorFlowEvent", fileSystemPath={"path": "/logs", "kind": "File"}),
        SOURCE,
    ),
    "format of events": (
        collector("TensorFlowEvent", fileSystemPath={"path": "/logs", "format": "TEXT"}),
        f"{SOURCE}.fileSystemPath.format",
    ),
    "custom collector without a container": (
        collector("Custom"),
        f"{COLLECTOR}.collector.customCollector",
    ),
    "relative path of a custom collector": (
        {
            COLLECTOR: {
                "collector": {"kind": "Custom", "customCollector": {"name": "c", "image": "a:1"}},
                "source": {"fileSystemPath": {"path": "a", "kind": "File"}},
            }
        },
        f"{SOURCE}.fileSystemPath",
    ),
    "filter that is no regular expression": (
        file() | {f"{SOURCE}.filter": {"metricsFormat": ["(a)=(b"]}},
        f"{SOURCE}.filter.metricsFormat",
    ),
    "filter with one group": (
        file() | {f"{SOURCE}.filter": {"metricsFormat": ["(a)=b"]}},
        f"{SOURCE}.filter.metricsFormat",
    ),
    "filter with lookahead": (
        file() | {f"{SOURCE}.filter": {"metricsFormat": ["(?=a)(b)(c)"]}},
        f"{SOURCE}.filter.metricsFormat",
    ),
    "count in quotes": ({"spec.maxTrialCount": "12"}, "spec.maxTrialCount"),
    "count of 32 bits and one": ({"spec.maxTrialCount": 2**31}, "spec.maxTrialCount"),
    "goal in quotes": ({"spec.objective.goal": "0.9"}, "spec.objective.goal"),
    "retain in quotes": ({f"{TEMPLATE}.retain": "true"}, f"{TEMPLATE}.retain"),
    "bound without quotes": ({f"{SPACE.format(0)}.min": 0.001}, f"{SPACE.format(0)}.min"),
    "list without quotes": ({f"{SPACE.format(2)}.list": [1, 2]}, f"{SPACE.format(2)}.list"),
    "setting without quotes": (
        {SETTINGS: [{"name": "random_state", "value": 7}]},
        f"{SETTINGS}[0].value",
    ),
}
"""What is wrong -> the changes that make the document so, and the field that Katib names."""

MEANT: dict[str, tuple[Changes, str, str]] = {
    "no minimum": (interval(max="1"), f"{SPACE.format(0)}.max", f"{SPACE.format(0)}.min"),
    "no bounds": (interval(), f"{SPACE.format(0)}.max", SPACE.format(0)),
    "no template for a Trial": (
        {f"{TEMPLATE}.trialSpec": MISSING},
        f"{TEMPLATE}.TrialSource",
        TEMPLATE,
    ),
    "directory for a file": (
        file(kind="Directory"),
        f"{SOURCE}.fileSystemPath.path",
        f"{SOURCE}.fileSystemPath.kind",
    ),
}
"""The same where the webhook names another field, or none that a document has, than is meant."""

LET_IN: dict[str, tuple[Changes, str]] = {
    "name with a dot": ({"metadata.name": "a.b"}, "metadata.name"),
    "unknown field": ({"spec.maxTrials": 3}, "spec.maxTrials"),
    "unknown field of the objective": ({"spec.objective.gaol": 1}, "spec.objective.gaol"),
    "name twice": ({"spec.parameters[3]": EXTRA | {"name": "lr"}}, "spec.parameters[3].name"),
    "parameter that no Trial uses": ({"spec.parameters[3]": EXTRA}, "spec.parameters[3].name"),
    "type unknown": (
        {"spec.parameters[0].parameterType": "unknown"},
        "spec.parameters[0].parameterType",
    ),
    "distribution unknown": (
        {f"{SPACE.format(0)}.distribution": "unknown"},
        f"{SPACE.format(0)}.distribution",
    ),
    "bounds the wrong way round": (interval(min="5", max="1"), f"{SPACE.format(0)}.max"),
    "bound that is a word": (interval(min="low", max="1"), f"{SPACE.format(0)}.min"),
    "bound without an end": (interval(min="0", max="inf"), f"{SPACE.format(0)}.max"),
    "one point": (interval(min="1", max="1"), f"{SPACE.format(0)}.max"),
    "int with a fraction": (interval("int", min="0.5", max="2"), f"{SPACE.format(0)}.min"),
    "int beyond 64 bits": (interval("int", min="0", max=str(2**63)), f"{SPACE.format(0)}.max"),
    "logarithm of zero": (
        interval(min="0", max="1", distribution="logUniform"),
        f"{SPACE.format(0)}.min",
    ),
    "logarithm of less": (
        interval(min="-1", max="1", distribution="logNormal"),
        f"{SPACE.format(0)}.min",
    ),
    "step of nothing": (interval(min="0", max="1", step="0"), f"{SPACE.format(0)}.step"),
    "step backwards": (interval(min="0", max="1", step="-0.1"), f"{SPACE.format(0)}.step"),
    "step over the end": (interval(min="0", max="1", step="2"), f"{SPACE.format(0)}.step"),
    "step that is a word": (interval(min="0", max="1", step="x"), f"{SPACE.format(0)}.step"),
    "empty list": (choices("categorical"), SPACE.format(2)),
    "value twice": (choices("categorical", "a", "b", "a"), f"{SPACE.format(2)}.list[2]"),
    "number twice": (choices("discrete", "1", "2", "1.0"), f"{SPACE.format(2)}.list[2]"),
    "words for numbers": (choices("discrete", "one", "2"), f"{SPACE.format(2)}.list[0]"),
    "unknown setting": (algorithm("random", seed="1"), f"{SETTINGS}[0].name"),
    "setting twice": (
        {SETTINGS: settings(random_state="1") + settings(random_state="2")},
        f"{SETTINGS}[1].name",
    ),
    "setting without a value": ({SETTINGS: [{"name": "random_state"}]}, f"{SETTINGS}[0].value"),
    "random": (algorithm("random", random_state="-1"), f"{SETTINGS}[0].value"),
    "grid": (algorithm("grid", random_state="x"), f"{SETTINGS}[0].value"),
    "grid of a double without a step": (
        interval(min="0", max="1") | algorithm("grid"),
        f"{SPACE.format(0)}.step",
    ),
    "more Trials than points": (
        interval(min="0", max="1", step="1") | algorithm("grid") | {"spec.maxTrialCount": 17},
        "spec.maxTrialCount",
    ),
    "tpe": (algorithm("tpe", gamma="1"), f"{SETTINGS}[0].value"),
    "tpe with Optuna's names": (algorithm("tpe", n_startup_trials="5"), f"{SETTINGS}[0].name"),
    "multivariate-tpe": (
        algorithm("multivariate-tpe", n_ei_candidates="-1"),
        f"{SETTINGS}[0].value",
    ),
    "bayesianoptimization": (
        algorithm("bayesianoptimization", base_estimator="GPU"),
        f"{SETTINGS}[0].value",
    ),
    "cmaes": (algorithm("cmaes", sigma="-1"), f"{SETTINGS}[0].value"),
    "cmaes in one dimension": (
        choices("categorical", "1", "2")
        | {
            "spec.parameters[1]": {
                "name": "layers",
                "parameterType": "categorical",
                "feasibleSpace": {"list": ["1", "2"]},
            }
        }
        | algorithm("cmaes"),
        "spec.algorithm.algorithmName",
    ),
    "sobol has no settings": (algorithm("sobol", random_state="1"), f"{SETTINGS}[0].name"),
    "hyperband without its resource": (algorithm("hyperband", r_l="4"), SETTINGS),
    "hyperband of nothing": (
        algorithm("hyperband", resource_name="layers", r_l="0"),
        f"{SETTINGS}[1].value",
    ),
    "hyperband of a parameter that is not there": (
        algorithm("hyperband", resource_name="epochs", r_l="4") | {"spec.parallelTrialCount": 3},
        f"{SETTINGS}[0].value",
    ),
    "hyperband that never halves": (
        algorithm("hyperband", resource_name="layers", r_l="4", eta="1"),
        f"{SETTINGS}[2].value",
    ),
    "hyperband with too few at a time": (HYPERBAND, "spec.parallelTrialCount"),
    "hyperband with fractions in a list": (
        HYPERBAND | choices("discrete", "1", "0.5") | {"spec.parallelTrialCount": 4},
        f"{SPACE.format(2)}.list[1]",
    ),
    "pbt of too few": (
        algorithm("pbt", **PBT | {"n_population": "4"}),
        f"{SETTINGS}[1].value",
    ),
    "pbt without a volume": (
        algorithm("pbt", **PBT, truncation_threshold="0.2"),
        "spec.resumePolicy",
    ),
    "pbt that draws anew": (
        algorithm("pbt", **PBT, truncation_threshold="0.2", resample_probability="0.5"),
        f"{SETTINGS}[3].value",
    ),
    "enas": (
        ENAS | {"spec.algorithm": algorithm("enas", controller_train_steps="0")["spec.algorithm"]},
        f"{SETTINGS}[0].value",
    ),
    "architecture without layers": (
        ENAS | {"spec.nasConfig.graphConfig.numLayers": MISSING},
        "spec.nasConfig.graphConfig.numLayers",
    ),
    "operation without a type": (
        ENAS | {"spec.nasConfig.operations[0].operationType": MISSING},
        "spec.nasConfig.operations[0].operationType",
    ),
    "architecture for another algorithm": (ENAS | algorithm("random"), "spec.nasConfig"),
    "medianstop of no Trials": (
        stopping("medianstop", min_trials_required="0"),
        "spec.earlyStopping.algorithmSettings[0].value",
    ),
    "medianstop before the first step": (
        stopping("medianstop", start_step="0"),
        "spec.earlyStopping.algorithmSettings[0].value",
    ),
    "unknown setting of medianstop": (
        stopping("medianstop", patience="3"),
        "spec.earlyStopping.algorithmSettings[0].name",
    ),
    "metric that the filter cannot read": (
        {"spec.objective.objectiveMetricName": "val/accuracy"},
        "spec.objective.objectiveMetricName",
    ),
    "unknown strategy": (
        {"spec.objective.metricStrategies": [{"name": "loss", "value": "mean"}]},
        "spec.objective.metricStrategies[0].value",
    ),
    "strategy of no metric": (
        {"spec.objective.metricStrategies": [{"name": "los", "value": "min"}]},
        "spec.objective.metricStrategies[0].name",
    ),
    "filter of standard output": (
        collector("StdOut", filter={"metricsFormat": ["(a)=(b"]}),
        f"{SOURCE}.filter.metricsFormat[0]",
    ),
    "filter with a semicolon": (
        file() | {f"{SOURCE}.filter": {"metricsFormat": ["(a);(b)"]}},
        f"{SOURCE}.filter.metricsFormat[0]",
    ),
    "file that nobody writes": (collector("File"), f"{SOURCE}.fileSystemPath.path"),
    "primary container that is not there": (
        {f"{TEMPLATE}.primaryContainerName": "main"},
        f"{TEMPLATE}.primaryContainerName",
    ),
    "almost a placeholder": ({f"{C}.command[6]": "--x=${trialParams.x}"}, f"{C}.command[6]"),
    "label that the template lacks": (
        {
            f"{TRIAL_PARAMETERS}[3]": {"name": "a", "reference": "${trialSpec.Labels[a]}"},
            f"{C}.command[6]": "--a=${trialParameters.a}",
        },
        f"{TRIAL_PARAMETERS}[3].reference",
    ),
    "no command": ({f"{C}.command": MISSING, f"{C}.args": CONTAINER["command"]}, f"{C}.command"),
    "shell by its path": (
        {f"{C}.command": ["/bin/sh", "-c"], f"{C}.args": [" ".join(CONTAINER["command"])]},
        f"{C}.command[0]",
    ),
    "words that lose their quotes": ({f"{C}.command[6]": "--x=a b"}, f"{C}.command[6]"),
    "script with a new line at its end": (
        {f"{C}.command": ["sh", "-c", " ".join(CONTAINER["command"]) + "\n"]},
        f"{C}.command[2]",
    ),
    "no container": (
        {
            f"{POD}.containers": [],
            f"{TEMPLATE}.trialSpec.metadata": {
                "annotations": {"a": " ".join(CONTAINER["command"])}
            },
        },
        f"{POD}.containers",
    ),
    "no image": ({f"{C}.image": MISSING}, f"{C}.image"),
    "two containers of one name": (
        {f"{POD}.containers": [CONTAINER, CONTAINER]},
        f"{POD}.containers[1].name",
    ),
    "mount of no volume": (
        {f"{C}.volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        f"{C}.volumeMounts[0].name",
    ),
    "request above its limit": (
        {f"{C}.resources.requests": {"memory": "2Gi"}},
        f"{C}.resources.requests.memory",
    ),
    "half a GPU": (
        {f"{C}.resources.limits": {"memory": "1Gi", "nvidia.com/gpu": "0.5"}},
        f"{C}.resources.limits[nvidia.com/gpu]",
    ),
    "pull policy misspelt": ({f"{C}.imagePullPolicy": "ifnotpresent"}, f"{C}.imagePullPolicy"),
    "container with capitals": (
        {f"{C}.name": "Trial", f"{TEMPLATE}.primaryContainerName": "Trial"},
        f"{C}.name",
    ),
    "restart policy of no Job": ({f"{POD}.restartPolicy": "Always"}, f"{POD}.restartPolicy"),
    "version of no Job": (
        {f"{TEMPLATE}.trialSpec.apiVersion": "batch/v1beta1"},
        f"{TEMPLATE}.trialSpec.apiVersion",
    ),
}
"""The same of what the webhook does not look at; the field is where validation finds it."""
