// The application's part of the table of routes.
import type { Route } from "../../route.ts";
import { answerRoutes } from "./answers.ts";
import { assistantRoutes } from "./assistants.ts";
import { comparisonRoutes } from "./comparisons.ts";
import { conversationRoutes } from "./conversations.ts";
import { evaluationRoutes } from "./evaluations.ts";
import { folderRoutes } from "./folders.ts";
import { libraryRoutes } from "./library.ts";
import { messageRoutes } from "./messages.ts";
import { modelRoutes } from "./models.ts";
import { oidcRoutes } from "./oidc.ts";
import { searchRoutes } from "./search.ts";
import { sessionRoutes } from "./session.ts";
import { settingsRoutes } from "./settings.ts";
import { toolRoutes } from "./tools.ts";
import { trainingRoutes } from "./trainings.ts";
import { transferRoutes } from "./transfer.ts";
import { usageRoutes } from "./usage.ts";
import { userRoutes } from "./users.ts";
import { workRoutes } from "./work.ts";

export const appRoutes: readonly Route[] = [
  ...sessionRoutes,
  ...oidcRoutes,
  ...userRoutes,
  ...settingsRoutes,
  ...usageRoutes,
  ...searchRoutes,
  ...folderRoutes,
  ...conversationRoutes,
  ...messageRoutes,
  ...answerRoutes,
  ...transferRoutes,
  ...assistantRoutes,
  ...comparisonRoutes,
  ...evaluationRoutes,
  ...trainingRoutes,
  ...toolRoutes,
  ...modelRoutes,
  ...libraryRoutes,
  ...workRoutes,
];
